using System;
using System.Collections;
using System.Collections.Generic;
using NpcBridge.Core;
using UnityEngine;
using UnityEngine.Events;

namespace NpcBridge
{
    /// <summary>The game's one connection to the bridge.</summary>
    /// <remarks>
    /// It makes itself when an NPC needs it and stays when scenes change; put one into your first scene only if you want to give it
    /// settings or listen to its events in the inspector. It connects again whenever the connection is lost. Most games only call
    /// <see cref="Tell(string, IDictionary, EventOptions)"/> and look at <see cref="State"/>; talking is the work of <see cref="NpcCharacter"/>.
    /// </remarks>
    [AddComponentMenu("NPC Bridge/NPC Bridge Connection")]
    [DisallowMultipleComponent]
    [DefaultExecutionOrder(-1000)]
    public sealed class NpcBridgeConnection : MonoBehaviour
    {
        private static NpcBridgeConnection s_instance;
        private static bool s_isQuitting;

        [Tooltip("Empty: the project's settings.")]
        [SerializeField] private NpcBridgeSettings settings = null;
        [SerializeField] private UnityEvent onReady = new UnityEvent();
        [Tooltip("The connection was lost; it is tried again by itself. The text says why.")]
        [SerializeField] private NpcTextEvent onLost = new NpcTextEvent();
        [Tooltip("The bridge does not want this game, or cannot be started. The text says why.")]
        [SerializeField] private NpcTextEvent onRefused = new NpcTextEvent();

        private BridgeSession _session;
        private bool _hasStarted;

        /// <summary>The connection is in another state now: the state, the close code that led there or 0, and why in words.</summary>
        public event Action<SessionState, int, string> StateChanged;

        /// <summary>Every message of the bridge as it came in, before anything is done with it; for tools.</summary>
        public event Action<BridgeMessage> MessageReceived;

        /// <summary>Every message to the bridge as it went out; for tools.</summary>
        public event Action<WireMap> MessageSent;

        /// <summary>Something went wrong; the game goes on. A stable code, and a text for people.</summary>
        public event Action<string, string> Failed;

        /// <summary>The running turns are lost: the connection broke and their session cannot be resumed.</summary>
        public event Action TurnsLost;

        /// <summary>The bridge handed over the state that <see cref="Save"/> asked for.</summary>
        public event Action<Saved> Saved;

        /// <summary>
        /// The bridge went back to the state that <see cref="Load(byte[], Action{Core.Loaded, BridgeError})"/> gave it. Running turns are
        /// over with the reason <c>loaded</c>, and what was on the screen is cleared.
        /// </summary>
        public event Action<Loaded> Loaded;

        /// <summary>Something that the developer or the player may want to know, although all goes on, such as a budget that is nearly spent.</summary>
        public event Action<Notice> NoticeArrived;

        /// <summary>As <see cref="Saved"/>, under its older name: slot and state.</summary>
        public event Action<string, byte[]> StateSaved;

        /// <summary>As <see cref="Loaded"/>, under its older name: the slot.</summary>
        public event Action<string> StateLoaded;

        /// <summary>NPCs of this group, or all of them if it is empty, must stop talking now.</summary>
        internal event Action<string> Holding;

        /// <summary>The connection; makes it if there is none. <c>null</c> while the game quits.</summary>
        public static NpcBridgeConnection Instance
        {
            get
            {
                if (s_instance == null && !s_isQuitting && Application.isPlaying)
                {
                    s_instance = new GameObject("NPC Bridge").AddComponent<NpcBridgeConnection>();
                }

                return s_instance;
            }
        }

        /// <summary>Whether there is a connection, without making one.</summary>
        public static bool Exists => s_instance != null;

        /// <summary>How far the connection is.</summary>
        public SessionState State => Session.State;

        /// <summary>The state in a word, such as <c>ready</c>; for a HUD or a log.</summary>
        public string StateName => State.ToString().ToLowerInvariant();

        /// <summary>Why it is so, in words; empty while all is well.</summary>
        public string Reason => Session.Reason;

        /// <summary>Whether messages go both ways.</summary>
        public bool IsReady => Session.IsReady;

        /// <summary>What the bridge said of itself; <c>null</c> before the first welcome.</summary>
        public Welcome Welcome => Session.Welcome;

        /// <summary>How many events and lines wait to be accepted by the bridge.</summary>
        public int WaitingCount => Session.WaitingCount;

        /// <summary>How many messages of the bridge were dropped because the game did not take them in time.</summary>
        public long Dropped => Session.Dropped;

        /// <summary>The end of the log of the bridge that this game started.</summary>
        public string BridgeLog => Session.BridgeLog;

        /// <summary>Its settings. They can be set until something uses the connection, which is in the first frame at the latest.</summary>
        public NpcBridgeSettings Settings
        {
            get
            {
                if (settings == null)
                {
                    settings = NpcBridgeSettings.Load();
                }

                return settings;
            }

            set
            {
                if (_session != null)
                {
                    Warn("too_late", "the connection is in use, so it keeps the settings it has");
                    return;
                }

                settings = value;
            }
        }

        internal BridgeSession Session => _session ?? (_session = Made());

        /// <summary>Connect, and go on trying until it works or <see cref="Stop"/> is called.</summary>
        public void Connect()
        {
#if UNITY_WEBGL && !UNITY_EDITOR
            Warn("not_supported", "browsers are not supported yet");
#else
            Session.Start();
#endif
        }

        /// <summary>End the connection, and the bridge if this game started it, within a tenth of a second. What was not accepted is kept.</summary>
        public void Stop()
        {
            _session?.Stop();
        }

        /// <summary>
        /// Tell the NPCs that something happened in the game; it shows in the next reply of those who notice it. It is told once, also
        /// when the connection is lost in between. Everyone notices it unless <paramref name="options"/> say otherwise.
        /// </summary>
        /// <param name="name">The event's name, as in <c>events.toml</c>.</param>
        /// <param name="data">What fills in the event's wording: numbers, text, lists, dictionaries, vectors, colours, objects (by name).</param>
        /// <param name="options">Who notices it, and how long and how much it matters.</param>
        /// <returns>The event's id; empty if it was refused, or is not confirmed.</returns>
        public string Tell(string name, IDictionary data, EventOptions options = null)
        {
            return Session.Tell(name, UnityPlain.Map(data), options);
        }

        /// <summary>Tell everyone that something happened that needs no more words. For the inspector's events as well.</summary>
        public void Tell(string name)
        {
            Tell(name, null);
        }

        /// <summary>Something for the NPCs to know in their next reply and in no other, such as a search result or the state of a quest.</summary>
        /// <param name="text">What to know, in the model's language.</param>
        /// <param name="data">Read as <c>key: value</c> lines, after the text.</param>
        /// <param name="key">Replaces a note or event with the same key that was not used yet.</param>
        /// <param name="npc">Who reads it: this NPC, or else the <paramref name="group"/>, or else everyone.</param>
        /// <param name="group">All NPCs of this group.</param>
        /// <returns>The note's id; empty if it was refused.</returns>
        public string Note(string text, IDictionary data = null, string key = "", string npc = "", string group = "")
        {
            return Session.Note(text, npc, group, UnityPlain.Map(data), key);
        }

        /// <summary>
        /// What is true in the game now, for the conditions in character files: text, numbers, true or false by name; <c>null</c> takes a
        /// flag away. Flags that are not named stay.
        /// </summary>
        /// <returns>The message's id; empty if it was refused.</returns>
        public string Flags(IDictionary values, string npc = "")
        {
            return Session.Flags(UnityPlain.Map(values), npc);
        }

        /// <summary>A cutscene or authored dialogue runs: NPCs stop and say nothing until <see cref="Release"/>. Events still count, lines wait.</summary>
        /// <param name="group">The NPCs of this group, opened with it or gathered; empty: all.</param>
        public void Hold(string group = "")
        {
            Holding?.Invoke(group);
            Session.Hold("", group);
        }

        /// <summary>What was held may speak again; lines that waited are answered now.</summary>
        public void Release(string group = "")
        {
            Session.Release("", group);
        }

        /// <summary>Let NPCs that are open talk with each other and with the players, in one conversation.</summary>
        /// <param name="group">The group's name, to say something to it with <see cref="Say"/>.</param>
        /// <param name="npcs">Ids of the NPCs, 1 to 16; see <see cref="NpcCharacter.ResolvedId"/>.</param>
        /// <param name="options">Who speaks next, and how much NPCs talk by themselves.</param>
        /// <param name="answered">Gets the answer, or the error when there is none.</param>
        public void Gather(string group, IEnumerable<string> npcs, GroupOptions options = null, Action<Gathered, BridgeError> answered = null)
        {
            Session.Gather(group, npcs, options, answered);
        }

        /// <summary>End the talk of a group; each NPC remembers what it heard.</summary>
        public void Disperse(string group, Action<Dispersed, BridgeError> answered = null)
        {
            Session.Disperse(group, answered);
        }

        /// <summary>Say something to a group that was gathered: its director chooses who answers. To one NPC, see <see cref="NpcCharacter.Say"/>.</summary>
        /// <returns>The line's id; empty if it was refused.</returns>
        public string Say(string group, string text, string player = "")
        {
            return Session.Say(group, text, player);
        }

        /// <summary>Let one of a gathered group go on although the players say nothing; its director chooses who.</summary>
        public string Continue(string group)
        {
            return Session.Continue(group);
        }

        /// <summary>Ask for the state of this session, for the game's save file; with a slot the bridge keeps it as well.</summary>
        /// <param name="slot">The game's name for the saved game.</param>
        /// <param name="answered">Gets the answer, or the error when there is none; <see cref="Saved"/> is raised too.</param>
        public void Save(string slot = "", Action<Saved, BridgeError> answered = null)
        {
            Session.Save(slot, answered);
        }

        /// <summary>Go back to a state: to <paramref name="blob"/>.</summary>
        /// <param name="blob">What <see cref="Save"/> brought.</param>
        /// <param name="answered">Gets the answer, or the error when there is none; <see cref="Loaded"/> is raised too.</param>
        public void Load(byte[] blob, Action<Loaded, BridgeError> answered = null)
        {
            Session.Load(blob, "", answered);
        }

        /// <summary>Go back to the state that the bridge keeps in this slot.</summary>
        /// <param name="slot">What <see cref="Save"/> was given.</param>
        /// <param name="answered">Gets the answer, or the error when there is none; <see cref="Loaded"/> is raised too.</param>
        public void Load(string slot, Action<Loaded, BridgeError> answered = null)
        {
            Session.Load(null, slot, answered);
        }

        /// <summary>Have the bridge delete for good what it remembers of an NPC, a player, or both; also in its slots.</summary>
        public void Forget(string npc = "", string player = "", Action<Forgotten, BridgeError> answered = null)
        {
            Session.Forget(npc, player, answered);
        }

        /// <summary>Ask how it is going: turns, tokens and money, the model servers, and actions that no clip fits.</summary>
        public void Stats(Action<Stats, BridgeError> answered)
        {
            Session.Stats(answered);
        }

        /// <summary>As <see cref="Save"/>, under its older name; answered by <see cref="StateSaved"/>.</summary>
        public void SaveState(string slot = "")
        {
            Session.Save(slot);
        }

        /// <summary>As <see cref="Load(byte[], Action{Core.Loaded, BridgeError})"/>, under its older name; answered by <see cref="StateLoaded"/>.</summary>
        public void LoadState(byte[] blob, string slot = "")
        {
            Session.Load(blob, slot);
        }

        internal void Warn(string code, string text)
        {
            Debug.LogWarning("NPC Bridge: " + text + " (" + code + ")", this);
            Failed?.Invoke(code, text);
        }

        /// <summary>End what runs, in play mode without a domain reload, before a domain reload, and in tests.</summary>
        [RuntimeInitializeOnLoadMethod(RuntimeInitializeLoadType.SubsystemRegistration)]
        internal static void ResetStatics()
        {
            if (s_instance != null)
            {
                s_instance.Stop();
            }

            s_instance = null;
            s_isQuitting = false;
        }

        private void Awake()
        {
            if (s_instance != null && s_instance != this)
            {
                // A scene that brings its own is loaded again: the first one stays.
                enabled = false;
                Destroy(this);
                return;
            }

            s_instance = this;
            transform.SetParent(null);
            DontDestroyOnLoad(gameObject);
        }

        private void Start()
        {
            _hasStarted = true;
            OnEnable();
        }

        private void OnEnable()
        {
            // Not before Start, so that whoever makes this component can still give it settings.
            if (_hasStarted && s_instance == this && Settings.AutoConnect)
            {
                Connect();
            }
        }

        private void Update()
        {
            // Not the game's own time: that stands still while the game is paused.
            Session.Poll(Time.realtimeSinceStartupAsDouble);
        }

        private void OnDisable()
        {
            Stop();
        }

        private void OnApplicationQuit()
        {
            s_isQuitting = true;
            Stop();
        }

        private void OnDestroy()
        {
            Stop();
            if (s_instance == this)
            {
                s_instance = null;
            }
        }

        private BridgeSession Made()
        {
            var session = new BridgeSession(Settings.ToConnection());
            session.StateChanged += TakeState;
            session.Failed += Warn;
            session.MessageReceived += message => MessageReceived?.Invoke(message);
            session.MessageSent += message => MessageSent?.Invoke(message);
            session.TurnsLost += () => TurnsLost?.Invoke();
            session.Saved += saved =>
            {
                Saved?.Invoke(saved);
                StateSaved?.Invoke(saved.Slot, saved.Blob);
            };
            session.Loaded += loaded =>
            {
                Loaded?.Invoke(loaded);
                StateLoaded?.Invoke(loaded.Slot);
            };
            session.NoticeArrived += TakeNotice;
            return session;
        }

        private void TakeNotice(Notice notice)
        {
            Debug.LogWarning("NPC Bridge: " + notice.Message + " (" + notice.Code + ")", this);
            NoticeArrived?.Invoke(notice);
        }

        private void TakeState(SessionState state, int code, string why)
        {
            StateChanged?.Invoke(state, code, why);
            switch (state)
            {
                case SessionState.Ready:
                    onReady.Invoke();
                    break;
                case SessionState.Waiting:
                    onLost.Invoke(why);
                    break;
                case SessionState.Refused:
                    onRefused.Invoke(why);
                    break;
            }
        }
    }
}

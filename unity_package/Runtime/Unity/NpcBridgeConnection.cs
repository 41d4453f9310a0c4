using System;
using System.Collections;
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

        /// <summary>The bridge handed over the state that <see cref="SaveState"/> asked for: slot and state.</summary>
        public event Action<string, byte[]> StateSaved;

        /// <summary>The bridge went back to the state that <see cref="LoadState"/> gave it: its slot.</summary>
        public event Action<string> StateLoaded;

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

        /// <summary>Ask for the state of this session, for the game's save file; answered by <see cref="StateSaved"/>.</summary>
        public void SaveState(string slot = "")
        {
            Session.SaveState(slot);
        }

        /// <summary>Go back to a state that <see cref="StateSaved"/> gave; answered by <see cref="StateLoaded"/>.</summary>
        public void LoadState(byte[] blob, string slot = "")
        {
            Session.LoadState(blob, slot);
        }

        /// <summary>Have the bridge forget what it remembers of an NPC, a player, or both.</summary>
        public void Forget(string npc = "", string player = "")
        {
            Session.Forget(npc, player);
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
            session.StateSaved += (slot, blob) => StateSaved?.Invoke(slot, blob);
            session.StateLoaded += slot => StateLoaded?.Invoke(slot);
            return session;
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

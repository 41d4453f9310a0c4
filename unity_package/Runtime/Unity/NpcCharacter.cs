using System;
using System.Collections;
using System.Collections.Generic;
using NpcBridge.Core;
using UnityEngine;
using UnityEngine.Events;

namespace NpcBridge
{
    /// <summary>Lets an NPC talk: add this component to any NPC of your game.</summary>
    /// <remarks>
    /// It opens the NPC's conversation with the bridge, declares the animations that the NPC really has, and turns what comes back into
    /// events. An <see cref="NpcSpeechText"/> shows the text and an <see cref="NpcCuePlayer"/> plays the gestures; both find this
    /// component by themselves among their parents.
    /// <code>smith.Say("Can you mend this sword?");</code>
    /// </remarks>
    [AddComponentMenu("NPC Bridge/NPC Character")]
    public sealed partial class NpcCharacter : MonoBehaviour
    {
        [Tooltip("Who the NPC is: the id of a character file, such as brom for characters/brom.toml.")]
        [SerializeField] private string character = "";
        [Tooltip("The game's own id for this NPC, unique and the same in every run. Empty: the name of this object.")]
        [SerializeField] private string npcId = "";

        [Header("Clips")]
        [Tooltip("What plays this NPC's animations. May be empty: then the NPC only talks.")]
        [SerializeField] private Animator animator = null;
        [Tooltip("What the model may ask for, and what that means. Empty: the Animator's triggers and states under their own names.")]
        [SerializeField] private NpcClipMap clipMap = null;
        [Tooltip("States of the Animator that are clips. The inspector reads them from the controller: a running game cannot.")]
        [SerializeField] private string[] states = new string[0];
        [Tooltip("The state that the NPC returns to. It is not a clip.")]
        [SerializeField] private string idleState = "Idle";

        [Header("Player")]
        [SerializeField] private string playerName = "Player";
        [Tooltip("Tells players of the same name apart; the name when empty.")]
        [SerializeField] private string playerId = "";
        [Tooltip("What the NPC can see or knows of the player.")]
        [TextArea]
        [SerializeField] private string playerDescription = "";

        [Header("Conversation")]
        [Tooltip("Events can be told to all NPCs of a group at once, such as tavern.")]
        [SerializeField] private string group = "";
        [Tooltip("The language the NPC speaks, such as en or zh. Empty: as the settings say.")]
        [SerializeField] private string language = "";
        [Tooltip("Whether the conversation opens when this component starts. Otherwise with the first Say, or Open.")]
        [SerializeField] private bool openOnStart = true;
        [Tooltip("Whether the opening line is spoken, if this is their first meeting.")]
        [SerializeField] private bool speakOpening = true;
        [Tooltip("After so many seconds of the player's silence the NPC goes on by itself, once; 0: never.")]
        [SerializeField] private float silenceSeconds = 0f;

        [Header("Events")]
        [SerializeField] private UnityEvent onOpened = new UnityEvent();
        [Tooltip("The NPC begins to reply to: opening, say, continue, event, regenerate, candidates or line.")]
        [SerializeField] private NpcTextEvent onTurnStarted = new NpcTextEvent();
        [Tooltip("A piece of the reply.")]
        [SerializeField] private NpcTextEvent onTextArrived = new NpcTextEvent();
        [Tooltip("The player has been shown the text up to this cue: clip and action.")]
        [SerializeField] private NpcTwoTextsEvent onCueReached = new NpcTwoTextsEvent();
        [Tooltip("A cue was reached that no clip fits, or whose clip cannot be played: the action.")]
        [SerializeField] private NpcTextEvent onCueUnhandled = new NpcTextEvent();
        [Tooltip("The talk came to one of the character's exits: its name.")]
        [SerializeField] private NpcTextEvent onExit = new NpcTextEvent();
        [Tooltip("The reply is over: stop, length, interrupted, fallback, failed, lost or loaded.")]
        [SerializeField] private NpcTextEvent onTurnEnded = new NpcTextEvent();
        [Tooltip("Something went wrong; the game goes on: a code, and a text for people.")]
        [SerializeField] private NpcTwoTextsEvent onFailed = new NpcTwoTextsEvent();

        private readonly List<NpcSpeechText> _speeches = new List<NpcSpeechText>();
        private readonly Dictionary<(int Index, long Id), NpcCue> _early = new Dictionary<(int Index, long Id), NpcCue>();
        private string _openId = "";
        private bool _isDeclareDue;
        private bool _isOpened;
        private bool _hasStarted;
        private NpcBridgeConnection _bridge;

        /// <summary>The conversation is open: the NPC can be talked to.</summary>
        public event Action<Opened> Opened;

        /// <summary>The NPC begins to reply. More is in <see cref="Turn"/>.</summary>
        public event Action<NpcTurn> TurnStarted;

        /// <summary>A piece of the reply, to show at once, and its place as an index into <see cref="NpcTurn.Text"/>.</summary>
        public event Action<string, int> TextArrived;

        /// <summary>
        /// A piece of one of several replies to choose from: which one, and the piece. They are not typed and their cues are not played;
        /// show them side by side, and call <see cref="Choose"/>.
        /// </summary>
        public event Action<int, string> CandidateArrived;

        /// <summary>
        /// A pose for the time in which the model thinks; it ends with the first text or cue, or with the turn. Its clip may be empty.
        /// </summary>
        public event Action<NpcCue> ThinkingStarted;

        /// <summary>A cue came in. It is reached later, when the text before it has been shown.</summary>
        public event Action<NpcCue> CueArrived;

        /// <summary>A cue that came provisionally is meant as it was understood; whoever began to play it goes on.</summary>
        public event Action<NpcCue> CueConfirmed;

        /// <summary>A cue that came provisionally was not meant; whoever began to play it returns from it.</summary>
        public event Action<NpcCue> CueWithdrawn;

        /// <summary>The player has been shown the text up to this cue: the NPC should do it now.</summary>
        public event Action<NpcCue> CueReached;

        /// <summary>A cue was reached that no clip fits, or whose clip cannot be played.</summary>
        public event Action<NpcCue> CueUnhandled;

        /// <summary>
        /// The talk came to one of the character's exits, such as <c>trade_opened</c>, and the player has been shown all of the reply: the
        /// game may take over, with an authored scene for example.
        /// </summary>
        public event Action<string> ExitReached;

        /// <summary>The reply is over; why, and its figures, are in <see cref="NpcTurn.Ended"/>.</summary>
        public event Action<NpcTurn> TurnEnded;

        /// <summary>Something of this NPC went wrong; the game goes on. A stable code, and a text for people.</summary>
        public event Action<string, string> Failed;

        /// <summary>What is to be shown of a turn begins: with the turn, or when one of its candidates is chosen.</summary>
        internal event Action<NpcTurn> ReplyBegan;

        /// <summary>Nothing more is to be shown of a turn.</summary>
        internal event Action<NpcTurn> ReplyEnded;

        /// <summary>The session went back to a saved state: what the NPC does belongs to another timeline.</summary>
        internal event Action Rewound;

        /// <summary>Who the NPC is: the id of a character file.</summary>
        public string Character { get => character; set => character = value; }

        /// <summary>The game's own id for this NPC. Empty: the name of its object.</summary>
        public string NpcId { get => npcId; set => npcId = value; }

        /// <summary>What plays this NPC's animations.</summary>
        public Animator Animator { get => animator; set => animator = value; }

        /// <summary>What the model may ask for, and what that means.</summary>
        public NpcClipMap ClipMap { get => clipMap; set => clipMap = value; }

        /// <summary>States of the Animator that are clips.</summary>
        public string[] States { get => states; set => states = value; }

        /// <summary>The state that the NPC returns to.</summary>
        public string IdleState { get => idleState; set => idleState = value; }

        /// <summary>The player's name.</summary>
        public string PlayerName { get => playerName; set => playerName = value; }

        /// <summary>Tells players of the same name apart.</summary>
        public string PlayerId { get => playerId; set => playerId = value; }

        /// <summary>What the NPC can see or knows of the player.</summary>
        public string PlayerDescription { get => playerDescription; set => playerDescription = value; }

        /// <summary>Events can be told to all NPCs of a group at once.</summary>
        public string Group { get => group; set => group = value; }

        /// <summary>The language the NPC speaks.</summary>
        public string Language { get => language; set => language = value; }

        /// <summary>Whether the conversation opens when this component starts.</summary>
        public bool OpenOnStart { get => openOnStart; set => openOnStart = value; }

        /// <summary>Whether the opening line is spoken, if this is their first meeting.</summary>
        public bool SpeakOpening { get => speakOpening; set => speakOpening = value; }

        /// <summary>After so many seconds of the player's silence the NPC goes on by itself, once; 0: never.</summary>
        public float SilenceSeconds { get => silenceSeconds; set => silenceSeconds = value; }

        /// <summary>The reply that is under way, or else the last one; <c>null</c> before the first.</summary>
        public NpcTurn Turn { get; private set; }

        /// <summary>Whether the bridge has opened the conversation.</summary>
        public bool IsOpen => _isOpened && _bridge != null && _bridge.IsReady;

        /// <summary>Whether a reply is under way.</summary>
        public bool IsTalking => Turn != null && Turn.Ended == null;

        /// <summary>What the bridge knows of the character; <c>null</c> before it is open.</summary>
        public Opened Profile { get; private set; }

        /// <summary>The id that the bridge knows this NPC by.</summary>
        public string ResolvedId => _openId.Length > 0 ? _openId : string.IsNullOrEmpty(npcId) ? gameObject.name : npcId;

        /// <summary>How much of the present reply the player was shown, as an index into its text; -1 without a speech text.</summary>
        public int Shown
        {
            get
            {
                int at = ShownCodePoints;
                return at < 0 || Turn == null ? -1 : Turn.Places.IndexOf(at);
            }
        }

        private int ShownCodePoints
        {
            get
            {
                foreach (NpcSpeechText speech in _speeches)
                {
                    int at = Turn == null ? -1 : speech.ShownOf(Turn.Id);
                    if (at >= 0)
                    {
                        return at;
                    }
                }

                return -1;
            }
        }

        /// <summary>What a clip means for this NPC; <c>null</c> when it cannot play it.</summary>
        public NpcClip ClipFor(string clip)
        {
            return Clips().Find(clip);
        }

        /// <summary>The clips as they are declared to the bridge.</summary>
        public List<Clip> DeclaredClips()
        {
            return Clips().Declared(idleState);
        }

        internal ClipTable Clips()
        {
            return new ClipTable(animator, clipMap, states);
        }

        /// <summary>A speech text shows this NPC's words from now on: cues wait until it has reached them.</summary>
        internal void Attach(NpcSpeechText speech)
        {
            if (!_speeches.Contains(speech))
            {
                _speeches.Add(speech);
            }
        }

        internal void Detach(NpcSpeechText speech)
        {
            _speeches.Remove(speech);
        }

        internal void Reach(NpcCue cue)
        {
            cue.IsReached = true;
            CueReached?.Invoke(cue);
            onCueReached.Invoke(cue.Clip, cue.Action);
            if (cue.Clip.Length == 0)
            {
                Unhandled(cue);
            }
        }

        internal void ReachExit(string exit)
        {
            ExitReached?.Invoke(exit);
            onExit.Invoke(exit);
        }

        internal void Unhandled(NpcCue cue)
        {
            CueUnhandled?.Invoke(cue);
            onCueUnhandled.Invoke(cue.Action);
        }

        internal void ReportSeen(string turn, int at)
        {
            if (_bridge != null && _openId.Length > 0)
            {
                _bridge.Session.SendNow(GameMessages.Seen(_openId, turn, at));
            }
        }

        private void Reset()
        {
            animator = GetComponentInChildren<Animator>();
        }

        private void Start()
        {
            _hasStarted = true;
            if (openOnStart)
            {
                Open();
            }
        }

        private void OnEnable()
        {
            NpcTarget.Changed += TargetsChanged;
            if (_hasStarted && openOnStart)
            {
                Open();
            }
        }

        private void Update()
        {
            // Many targets come and go in the same frame when a scene is loaded.
            if (_isDeclareDue)
            {
                _isDeclareDue = false;
                Declare();
            }
        }

        private void OnDisable()
        {
            NpcTarget.Changed -= TargetsChanged;
            Close();
        }

        private void OnDestroy()
        {
            Close();
            Watch(null);
        }
    }
}

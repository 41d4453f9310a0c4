using System;
using System.Collections.Generic;
using NpcBridge.Core;
using UnityEngine;

namespace NpcBridge
{
    /// <summary>Shows what an NPC says, letter by letter, and fires each cue when the letters have reached its place.</summary>
    /// <remarks>
    /// <para>Text appears as fast as it is read and not as it arrives: pauses at punctuation, waits when the model is slower, and catches
    /// up when it is far ahead.</para>
    /// <para>Where it appears is up to an <see cref="ISpeechOutput"/> beside this component, such as the one for TextMeshPro, or to the
    /// event <c>onShown</c>, whose text any label can take. Tags of the model are never executed: outputs turn rich text off, and the
    /// event's text has an invisible character after each <c>&lt;</c>.</para>
    /// </remarks>
    [AddComponentMenu("NPC Bridge/NPC Speech Text")]
    public sealed partial class NpcSpeechText : MonoBehaviour
    {
        private const float SeenEverySeconds = 0.5f;
        private const string ZeroWidthSpace = "\u200b";

        [Tooltip("The NPC whose words are shown. Empty: the nearest among the parents.")]
        [SerializeField] private NpcCharacter character = null;
        [Tooltip("Letters a second.")]
        [SerializeField] private float lettersPerSecond = 40f;
        [Tooltip("Pause after the end of a sentence, in seconds.")]
        [SerializeField] private float sentencePause = 0.3f;
        [Tooltip("Pause after a comma and the like, in seconds.")]
        [SerializeField] private float clausePause = 0.12f;
        [Tooltip("Type faster when more than this many seconds of text wait; 0: never.")]
        [SerializeField] private float catchUpAfter = 6f;
        [Tooltip("How long a reply stays before the next one of the same NPC replaces it, in seconds.")]
        [SerializeField] private float holdBetweenTurns = 0.8f;
        [Tooltip("Seconds after which a finished reply is cleared; 0: it stays.")]
        [SerializeField] private float clearAfter = 0f;
        [Tooltip("Whether letters appear while the game is paused too.")]
        [SerializeField] private bool unscaledTime = true;

        [Header("Events")]
        [Tooltip("The visible text, each time it changes: for any label that takes a text. Tags in it do nothing.")]
        [SerializeField] private NpcTextEvent onShown = new NpcTextEvent();
        [Tooltip("More of the reply is visible now: the new letters, for the sound of a voice.")]
        [SerializeField] private NpcTextEvent onTyped = new NpcTextEvent();
        [Tooltip("All of the reply was shown: the turn's id.")]
        [SerializeField] private NpcTextEvent onTypingFinished = new NpcTextEvent();

        private readonly Typewriter _typewriter = new Typewriter();
        private readonly Queue<WaitingTurn> _waiting = new Queue<WaitingTurn>();
        private readonly Dictionary<PlacedMessage, NpcCue> _cues = new Dictionary<PlacedMessage, NpcCue>();
        private WaitingTurn _newest;
        private ISpeechOutput _output;
        private string _turn = "";
        private string _exit = "";
        private float _restSeconds;
        private float _sinceSeenSeconds;
        private int _seen;
        private bool _isAnnounced;
        private bool _isCut;

        /// <summary>A reply begins to be shown: the turn's id.</summary>
        public event Action<string> TypingStarted;

        /// <summary>More of the reply is visible now, for the sound of a voice.</summary>
        public event Action<string> Typed;

        /// <summary>All of the reply was shown: the turn's id.</summary>
        public event Action<string> TypingFinished;

        /// <summary>The NPC whose words are shown.</summary>
        public NpcCharacter Character
        {
            get => character;
            set
            {
                Part();
                character = value;
                Join();
            }
        }

        /// <summary>Letters a second.</summary>
        public float LettersPerSecond { get => lettersPerSecond; set => lettersPerSecond = value; }

        /// <summary>Pause after the end of a sentence, in seconds.</summary>
        public float SentencePause { get => sentencePause; set => sentencePause = value; }

        /// <summary>Pause after a comma and the like, in seconds.</summary>
        public float ClausePause { get => clausePause; set => clausePause = value; }

        /// <summary>Type faster when more than this many seconds of text wait; 0: never.</summary>
        public float CatchUpAfter { get => catchUpAfter; set => catchUpAfter = value; }

        /// <summary>How long a reply stays before the next one replaces it, in seconds.</summary>
        public float HoldBetweenTurns { get => holdBetweenTurns; set => holdBetweenTurns = value; }

        /// <summary>Seconds after which a finished reply is cleared; 0: it stays.</summary>
        public float ClearAfter { get => clearAfter; set => clearAfter = value; }

        /// <summary>The visible text, each time it changes, with tags that do nothing.</summary>
        public NpcTextEvent OnShown => onShown;

        /// <summary>The text that is visible now, as the model wrote it.</summary>
        public string VisibleText => _typewriter.Text.Substring(0, _typewriter.Shown);

        /// <summary>Whether a reply is being typed.</summary>
        public bool IsTyping => _turn.Length > 0 && !_typewriter.IsFinished;

        /// <summary>A text whose tags no label executes: looks the same, with an invisible character after each <c>&lt;</c>.</summary>
        public static string WithoutTags(string text)
        {
            return text.Replace("<", "<" + ZeroWidthSpace);
        }

        /// <summary>Show all of the reply at once; cues on the way are reached in their order.</summary>
        public void Skip()
        {
            if (_turn.Length > 0)
            {
                _typewriter.Skip();
                Type(0);
            }
        }

        /// <summary>Stop here: what was not shown yet is dropped, and its cues are never reached.</summary>
        public void Cut()
        {
            _waiting.Clear();
            _newest = null;
            if (_turn.Length > 0)
            {
                // More of this reply may still be under way to the game.
                _isCut = true;
                _exit = "";
                _typewriter.Cut();
                Show();
                FinishIfDone();
            }
        }

        /// <summary>Show nothing, and forget what waits.</summary>
        public void Clear()
        {
            _waiting.Clear();
            _newest = null;
            _exit = "";
            if (_turn.Length > 0)
            {
                _turn = "";
                _typewriter.Clear();
                Show();
            }
        }

        /// <summary>Whether an earlier turn is still being shown.</summary>
        internal bool IsBusyBefore(string turn)
        {
            return _turn != turn && (_waiting.Count > 0 || IsTyping);
        }

        /// <summary>Reach an exit when all of its reply has been shown, for the game takes over then. False if there is nothing left to show.</summary>
        internal bool TakeExit(Exit exit)
        {
            bool isOver = _newest == null && (_turn != exit.Turn || (_typewriter.IsFinished && !_isCut));
            if (!isOver)
            {
                Take(exit);
            }

            return !isOver;
        }

        /// <summary>How many code points of this turn were shown; -1 if it is not here.</summary>
        internal int ShownOf(string turn)
        {
            if (_turn.Length > 0 && turn == _turn)
            {
                return _typewriter.ShownCodePoints;
            }

            foreach (WaitingTurn waiting in _waiting)
            {
                if (waiting.Id == turn)
                {
                    return 0;
                }
            }

            return -1;
        }

        private void OnEnable()
        {
            _output = GetComponent<ISpeechOutput>();
            if (character == null)
            {
                character = GetComponentInParent<NpcCharacter>();
            }

            Join();
        }

        private void OnDisable()
        {
            Part();
            _waiting.Clear();
            _newest = null;
            _turn = "";
            _typewriter.Clear();
        }

        private void Update()
        {
            if (_turn.Length == 0)
            {
                return;
            }

            float seconds = unscaledTime ? Time.unscaledDeltaTime : Time.deltaTime;
            if (_typewriter.IsFinished)
            {
                Rest(seconds);
            }
            else
            {
                Type(seconds);
            }
        }

        private void Type(float seconds)
        {
            _typewriter.Speed = lettersPerSecond;
            _typewriter.SentencePauseSeconds = sentencePause;
            _typewriter.ClausePauseSeconds = clausePause;
            _typewriter.CatchUpSeconds = catchUpAfter;
            int before = _typewriter.Shown;
            // The text up to a cue is on screen before the cue is reached.
            _typewriter.Advance(seconds, cue =>
            {
                before = ShowFrom(before);
                Reach(cue);
            });
            if (_turn.Length == 0)
            {
                return;  // a cue's subscriber disabled this component
            }

            ShowFrom(before);
            _sinceSeenSeconds += seconds;
            if (_sinceSeenSeconds >= SeenEverySeconds)
            {
                TellSeen();
            }

            FinishIfDone();
        }

        private int ShowFrom(int before)
        {
            int shown = _typewriter.Shown;
            if (shown > before)
            {
                Show();
                string letters = _typewriter.Text.Substring(before, shown - before);
                Typed?.Invoke(letters);
                onTyped.Invoke(letters);
            }

            return shown;
        }

        private void Reach(PlacedMessage cue)
        {
            NpcCue found = _cues.TryGetValue(cue, out NpcCue known) ? known : null;
            _cues.Remove(cue);
            if (character != null && found != null)
            {
                character.Reach(found);
            }
        }

        private void Show()
        {
            _output?.Show(_typewriter.Text, _typewriter.Shown, _typewriter.ShownCodePoints);
            onShown.Invoke(WithoutTags(VisibleText));
        }

        private void FinishIfDone()
        {
            if (_typewriter.IsFinished && !_isAnnounced)
            {
                _isAnnounced = true;
                _restSeconds = 0;
                TellSeen();
                string exit = _exit;
                _exit = "";
                TypingFinished?.Invoke(_turn);
                onTypingFinished.Invoke(_turn);
                if (exit.Length > 0)
                {
                    character.ReachExit(exit);
                }
            }
        }

        /// <summary>After the last letter: let the next reply wait a little, then show it, or clear this one.</summary>
        private void Rest(float seconds)
        {
            _restSeconds += seconds;
            if (_waiting.Count > 0)
            {
                if (_restSeconds >= holdBetweenTurns)
                {
                    BeginNext();
                }
            }
            else if (clearAfter > 0 && _restSeconds >= clearAfter)
            {
                Clear();
            }
        }

        private void BeginNext()
        {
            WaitingTurn next = _waiting.Dequeue();
            if (_newest == next)
            {
                _newest = null;
            }

            Begin(next.Id);
            foreach (object part in next.Parts)
            {
                Add(part);
            }

            if (next.IsComplete)
            {
                _typewriter.Complete();
            }
        }

        private void Begin(string turn)
        {
            _turn = turn;
            _exit = "";
            _typewriter.Clear();
            _cues.Clear();
            _isAnnounced = false;
            _isCut = false;
            _seen = 0;
            _sinceSeenSeconds = 0;
            Show();
            TypingStarted?.Invoke(turn);
        }

        private void Add(object part)
        {
            if (part is NpcCue cue)
            {
                _cues[cue.Placed] = cue;
                _typewriter.AddCue(cue.Placed);
            }
            else if (part is Exit exit)
            {
                _exit = exit.Name;
            }
            else
            {
                _typewriter.AddText((string)part);
            }
        }

        private void TellSeen()
        {
            _sinceSeenSeconds = 0;
            int shown = _typewriter.ShownCodePoints;
            if (character != null && shown > _seen)
            {
                _seen = shown;
                character.ReportSeen(_turn, shown);
            }
        }
    }
}

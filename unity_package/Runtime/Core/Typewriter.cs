using System;
using System.Collections.Generic;

namespace NpcBridge.Core
{
    /// <summary>Decides how much of a text is shown at what time, and which cues have been reached.</summary>
    /// <remarks>Knows no engine and no clock: text, cues and seconds come in, a length and the reached cues come out.</remarks>
    public sealed class Typewriter
    {
        private const string SentenceEnds = ".!?…。！？";
        private const string ClauseEnds = ",;:—，、；：";
        private const string Closers = "\"'”’»)）」』】";
        private const double SlowestSpeed = 0.001;

        private readonly List<PlacedMessage> _cues = new List<PlacedMessage>();
        private TurnText _text = new TurnText();
        private double _budgetSeconds;
        private bool _isSkipping;
        private int _known;

        /// <summary>Characters a second.</summary>
        public double Speed { get; set; } = 40;

        /// <summary>Pause after the end of a sentence.</summary>
        public double SentencePauseSeconds { get; set; } = 0.3;

        /// <summary>Pause after a comma and the like.</summary>
        public double ClausePauseSeconds { get; set; } = 0.12;

        /// <summary>Type faster when more than this many seconds of text wait; 0: never.</summary>
        public double CatchUpSeconds { get; set; }

        /// <summary>The text so far.</summary>
        public string Text => _text.ToString();

        /// <summary>How much of it is shown, in UTF-16 units; never within a visible character.</summary>
        public int Shown { get; private set; }

        /// <summary>The same in code points, as the wire counts.</summary>
        public int ShownCodePoints => _text.CodePointOf(Shown);

        /// <summary>Whether no more text will come.</summary>
        public bool IsComplete { get; private set; }

        /// <summary>Whether all was shown and no more will come.</summary>
        public bool IsFinished => IsComplete && Shown >= _text.Length && _cues.Count == 0;

        /// <summary>Begin again with nothing.</summary>
        /// <param name="known">So many code points of what comes were shown before: they appear at once, and cues before that place were reached.</param>
        public void Clear(int known = 0)
        {
            _known = known;
            _text = new TurnText();
            _cues.Clear();
            Shown = 0;
            IsComplete = false;
            _budgetSeconds = 0;
            _isSkipping = false;
        }

        /// <summary>The next piece of the text.</summary>
        public void AddText(string piece)
        {
            _text.Add(piece);
        }

        /// <summary>A cue, or whatever else has a place in the text; the place may be ahead of the text that has come in.</summary>
        public void AddCue(PlacedMessage cue)
        {
            _cues.Add(cue);
        }

        /// <summary>Take back a cue that was not reached yet. False if it was.</summary>
        public bool RemoveCue(PlacedMessage cue)
        {
            return _cues.Remove(cue);
        }

        /// <summary>The text ends here; cues that lie behind its end are reached at its end.</summary>
        public void Complete()
        {
            IsComplete = true;
        }

        /// <summary>Forget what was not shown yet, text and cues: the speaker was cut short.</summary>
        public void Cut()
        {
            string shown = Text.Substring(0, Shown);
            _text = new TurnText();
            _text.Add(shown);
            _cues.Clear();
            IsComplete = true;
        }

        /// <summary>Show at once all there is and all that will come.</summary>
        public void Skip()
        {
            _isSkipping = true;
        }

        /// <summary>Let time pass.</summary>
        /// <param name="seconds">How much.</param>
        /// <param name="reached">Called with each cue when <see cref="Shown"/> has come to its place, in order.</param>
        public void Advance(double seconds, Action<PlacedMessage> reached)
        {
            Reach(reached);
            _budgetSeconds += seconds;
            while (Shown < _text.Length && (IsHurrying || _budgetSeconds > 0))
            {
                int from = Shown;
                bool isFree = IsHurrying;
                Shown = TextBreaks.Next(Text, from);
                if (!isFree)
                {
                    _budgetSeconds -= Cost(from);
                }

                Reach(reached);
            }

            if (Shown >= _text.Length)
            {
                // Waiting for text earns no credit, or the next piece would appear in one go.
                _budgetSeconds = Math.Min(_budgetSeconds, 0);
            }

            Reach(reached);
        }

        private bool IsHurrying => _isSkipping || (_known > 0 && ShownCodePoints < _known);

        private void Reach(Action<PlacedMessage> reached)
        {
            while (_cues.Count > 0)
            {
                bool isAtEnd = IsComplete && Shown >= _text.Length;
                int at = _cues[0].At;
                if (!isAtEnd && (at > _text.CodePoints || _text.IndexOf(at) > Shown))
                {
                    return;
                }

                PlacedMessage next = _cues[0];
                _cues.RemoveAt(0);
                if (next.At >= _known)
                {
                    reached(next);
                }
            }
        }

        private double Cost(int from)
        {
            double speed = Math.Max(Speed, SlowestSpeed);
            double cost = (1 / speed) + Pause(from);
            if (CatchUpSeconds > 0)
            {
                cost /= Math.Max(1, (_text.Length - Shown) / speed / CatchUpSeconds);
            }

            return cost;
        }

        private double Pause(int from)
        {
            string text = Text;
            char next = Shown < text.Length ? text[Shown] : '\0';
            // A closing quote belongs to what was said: the pause comes after it.
            if (next != '\0' && Closers.IndexOf(next) >= 0)
            {
                return 0;
            }

            char mark = from > 0 && Closers.IndexOf(text[from]) >= 0 ? text[from - 1] : text[from];
            // "3.5" and "12:30" are said in one breath; "?!" and "..." make one pause.
            bool isWide = mark > 0x2000;
            if (next != '\0' && ((!isWide && !char.IsWhiteSpace(next)) || SentenceEnds.IndexOf(next) >= 0))
            {
                return 0;
            }

            return SentenceEnds.IndexOf(mark) >= 0 ? SentencePauseSeconds : ClauseEnds.IndexOf(mark) >= 0 ? ClausePauseSeconds : 0;
        }
    }
}

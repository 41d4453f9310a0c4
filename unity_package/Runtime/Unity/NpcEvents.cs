using System;
using System.Collections.Generic;
using NpcBridge.Core;
using UnityEngine;
using UnityEngine.Events;

namespace NpcBridge
{
    /// <summary>An event of the inspector that brings a text.</summary>
    [Serializable]
    public sealed class NpcTextEvent : UnityEvent<string>
    {
    }

    /// <summary>An event of the inspector that brings two texts.</summary>
    [Serializable]
    public sealed class NpcTwoTextsEvent : UnityEvent<string, string>
    {
    }

    /// <summary>An event of the inspector that brings a place in the scene.</summary>
    [Serializable]
    public sealed class NpcPlaceEvent : UnityEvent<Transform>
    {
    }

    /// <summary>A cue of an NPC at its place in the text.</summary>
    public sealed class NpcCue
    {
        internal NpcCue(Cue cue, int textIndex)
        {
            Placed = Wire = cue;
            TextIndex = textIndex;
        }

        /// <summary>One of the clips that the NPC declared, or empty when none fits.</summary>
        public string Clip => Wire.Clip;

        /// <summary>What the model wrote between the parentheses; of a provisional cue, what it has written so far.</summary>
        public string Action => Wire.Action;

        /// <summary>
        /// Name of the <see cref="NpcTarget"/> that it is aimed at; empty when none was meant, and while the cue is provisional.
        /// </summary>
        public string Target => Wire.Target;

        /// <summary>How sure the choice of the clip is, 0 to 1; -1 when nobody said.</summary>
        public double Score => Wire.Score;

        /// <summary>How the clip was found: <c>exact</c>, <c>alias</c>, <c>lexical</c> or <c>meaning</c>; or <c>thinking</c>.</summary>
        public string Reason => Wire.Reason;

        /// <summary>
        /// <c>final</c>; or <c>provisional</c> while its action is still being written, and from then on <c>confirmed</c> or
        /// <c>withdrawn</c>.
        /// </summary>
        public string State => Wire.State;

        /// <summary>Whether this is a pose for the time in which the model thinks: it ends with the first text or cue.</summary>
        public bool IsThinking => Wire.IsThinking;

        /// <summary>Its place in the text of the turn, as an index into the <see cref="string"/>.</summary>
        public int TextIndex { get; }

        /// <summary>As it came first, which is what a typewriter knows it by.</summary>
        internal Cue Placed { get; }

        /// <summary>As it came last.</summary>
        internal Cue Wire { get; set; }

        /// <summary>Whether the player was shown the text up to its place.</summary>
        internal bool IsReached { get; set; }
    }

    /// <summary>A reply of an NPC, while it comes in and after.</summary>
    public sealed class NpcTurn
    {
        private const int MostCandidates = 4;

        private readonly TurnText[] _texts;
        private readonly List<object>[] _parts;
        private int _chosen;

        internal NpcTurn(TurnStarted started)
        {
            Started = started;
            _texts = new TurnText[Math.Max(1, Math.Min(started.N, MostCandidates))];
            _parts = new List<object>[_texts.Length];
            IsChoice = _texts.Length > 1;
            for (int i = 0; i < _texts.Length; i++)
            {
                _texts[i] = new TurnText();
                _parts[i] = new List<object>();
            }
        }

        /// <summary>Its id.</summary>
        public string Id => Started.Turn;

        /// <summary>What the NPC replies to, and the note that the model was given.</summary>
        public TurnStarted Started { get; }

        /// <summary>How it ended, with its figures; <c>null</c> while it is under way.</summary>
        public TurnEnded Ended { get; internal set; }

        /// <summary>The text that has come in so far; of several candidates, the one that was chosen, or else the first.</summary>
        public string Text => Places.ToString();

        /// <summary>The replies to choose from, as far as they have come in; one for most turns.</summary>
        public IReadOnlyList<string> Candidates => Array.ConvertAll(_texts, each => each.ToString());

        /// <summary>Whether there are several replies to choose from, and none is chosen yet.</summary>
        public bool IsChoice { get; private set; }

        internal TurnText Places => _texts[_chosen];

        /// <summary>The text of one of the candidates; <c>null</c> if there are not so many.</summary>
        internal TurnText PlacesOf(int index)
        {
            return index >= 0 && index < _texts.Length ? _texts[index] : null;
        }

        /// <summary>Text and cues of one of the candidates, in order.</summary>
        internal List<object> PartsOf(int index)
        {
            return _parts[index];
        }

        internal void Choose(int index)
        {
            _chosen = index;
            IsChoice = false;
        }
    }
}

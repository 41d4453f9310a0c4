using System;
using NpcBridge.Core;
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

    /// <summary>A cue of an NPC at its place in the text.</summary>
    public sealed class NpcCue
    {
        internal NpcCue(Cue cue, int textIndex)
        {
            Wire = cue;
            TextIndex = textIndex;
        }

        /// <summary>One of the clips that the NPC declared, or empty when none fits.</summary>
        public string Clip => Wire.Clip;

        /// <summary>What the model wrote between the parentheses.</summary>
        public string Action => Wire.Action;

        /// <summary>Its place in the text of the turn, as an index into the <see cref="string"/>.</summary>
        public int TextIndex { get; }

        internal Cue Wire { get; }
    }

    /// <summary>A reply of an NPC, while it comes in and after.</summary>
    public sealed class NpcTurn
    {
        private readonly TurnText _text = new TurnText();

        internal NpcTurn(TurnStarted started)
        {
            Started = started;
        }

        /// <summary>Its id.</summary>
        public string Id => Started.Turn;

        /// <summary>What the NPC replies to, and the note that the model was given.</summary>
        public TurnStarted Started { get; }

        /// <summary>How it ended, with its figures; <c>null</c> while it is under way.</summary>
        public TurnEnded Ended { get; internal set; }

        /// <summary>The text that has come in so far.</summary>
        public string Text => _text.ToString();

        internal TurnText Places => _text;
    }
}

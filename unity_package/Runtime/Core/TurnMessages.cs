using System.Collections.Generic;

namespace NpcBridge.Core
{
    /// <summary>An NPC begins to reply.</summary>
    public sealed class TurnStarted : TurnMessage
    {
        internal TurnStarted(Fields fields)
            : base(fields)
        {
            Cause = fields.Text("cause");
            Answers = fields.TextsOr("answers");
            Note = fields.TextOr("note", "");
            Replaces = fields.TextOr("replaces", "");
            N = fields.PositionOr("n", 1);
            Group = fields.TextOr("group", "");
        }

        /// <summary>What it replies to: <c>opening</c>, <c>say</c>, <c>continue</c>, <c>event</c>, <c>regenerate</c>, <c>candidates</c> or <c>line</c>.</summary>
        public string Cause { get; }

        /// <summary>Ids of the lines, or of the event, that this turn answers.</summary>
        public IReadOnlyList<string> Answers { get; }

        /// <summary>The note made from events for this turn, as the model reads it.</summary>
        public string Note { get; }

        /// <summary>The turn that this one takes the place of: what was shown of it is void. Empty for most.</summary>
        public string Replaces { get; }

        /// <summary>How many replies come side by side, to choose from.</summary>
        public int N { get; }

        /// <summary>The group whose talk this turn belongs to; empty when there is none.</summary>
        public string Group { get; }
    }

    /// <summary>A piece of what the NPC says.</summary>
    public sealed class TextPiece : PlacedMessage
    {
        internal TextPiece(Fields fields)
            : base(fields, fields.Position("at"))
        {
            Text = fields.Text("text");
            Index = fields.PositionOr("index", 0);
        }

        /// <summary>The piece.</summary>
        public string Text { get; }

        /// <summary>Which of the candidates this belongs to, from 0.</summary>
        public int Index { get; }
    }

    /// <summary>Something the NPC does, at its place in the text.</summary>
    public sealed class Cue : PlacedMessage
    {
        internal Cue(Fields fields)
            : base(fields, fields.Position("at"))
        {
            Clip = fields.Text("clip");
            Action = fields.Text("action");
            Target = fields.TextOr("target", "");
            Score = fields.NumberOr("score", -1);
            Reason = fields.TextOr("reason", "");
            State = fields.TextOr("state", "final");
            Id = fields.WholeOr("id", 0);
            Index = fields.PositionOr("index", 0);
        }

        /// <summary>One of the clips that the game declared, or empty when none fits.</summary>
        public string Clip { get; }

        /// <summary>What the model wrote between the parentheses.</summary>
        public string Action { get; }

        /// <summary>What it is aimed at, one of the names that the game declared; empty when none was meant.</summary>
        public string Target { get; }

        /// <summary>How sure the choice of the clip is, 0 to 1; -1 when nobody said.</summary>
        public double Score { get; }

        /// <summary>How the clip was found: <c>exact</c>, <c>alias</c>, <c>lexical</c>, <c>meaning</c>; or <c>thinking</c>, for a pose while the model thinks.</summary>
        public string Reason { get; }

        /// <summary><c>final</c>; or <c>provisional</c> while its action is still being written, then <c>confirmed</c> or <c>withdrawn</c> with the same <see cref="Id"/>.</summary>
        public string State { get; }

        /// <summary>Tells the cues of a turn that come provisionally apart, from 1; 0 for others.</summary>
        public long Id { get; }

        /// <summary>Which of the candidates this belongs to, from 0.</summary>
        public int Index { get; }

        /// <summary>Whether this is a pose for the time in which the model thinks: it ends with the first text or cue.</summary>
        public bool IsThinking => Reason == "thinking";
    }

    /// <summary>The talk has come to one of the character's exits, whose conditions hold: the game may take over.</summary>
    public sealed class Exit : PlacedMessage
    {
        internal Exit(Fields fields)
            : base(fields, fields.PositionOr("at", 0))
        {
            Name = fields.Text("exit");
        }

        /// <summary>Its name in the character file.</summary>
        public string Name { get; }
    }

    /// <summary>The reply is over.</summary>
    public sealed class TurnEnded : TurnMessage
    {
        internal TurnEnded(Fields fields)
            : base(fields)
        {
            Reason = fields.Text("reason");
            Chars = fields.Position("chars");
            PromptTokens = fields.WholeOr("prompt_tokens", -1);
            CachedTokens = fields.WholeOr("cached_tokens", -1);
            CompletionTokens = fields.WholeOr("completion_tokens", -1);
            FirstTextMs = fields.NumberOr("first_text_ms", -1);
            TotalMs = fields.NumberOr("total_ms", 0);
            Code = fields.TextOr("code", "");
            Message = fields.TextOr("message", "");
            Retry = fields.FlagOr("retry", false);
            Backend = fields.TextOr("backend", "");
            CostUsd = fields.NumberOr("cost_usd", -1);
            SpentUsd = fields.NumberOr("spent_usd", -1);
        }

        /// <summary><c>stop</c>, <c>length</c>, <c>interrupted</c>, <c>fallback</c> or <c>failed</c>; <c>lost</c> when the connection broke and it will not go on, <c>loaded</c> when the game went back to a saved state.</summary>
        public string Reason { get; }

        /// <summary>Length of the turn's text in code points.</summary>
        public int Chars { get; }

        /// <summary>How long the prompt was; -1 when nobody said.</summary>
        public long PromptTokens { get; }

        /// <summary>How much of the prompt the model server had cached; -1 when nobody said.</summary>
        public long CachedTokens { get; }

        /// <summary>How long the reply was; -1 when nobody said.</summary>
        public long CompletionTokens { get; }

        /// <summary>Milliseconds to the first piece of text; -1 when there was none.</summary>
        public double FirstTextMs { get; }

        /// <summary>Milliseconds of the whole turn.</summary>
        public double TotalMs { get; }

        /// <summary>Why it failed, or why the fallback line was spoken; a code of <see cref="BridgeError"/>.</summary>
        public string Code { get; }

        /// <summary>The same for people.</summary>
        public string Message { get; }

        /// <summary>Whether the same, done again later, can succeed.</summary>
        public bool Retry { get; }

        /// <summary>Which model answered, when there are several in a row; <c>authored</c> when none did.</summary>
        public string Backend { get; }

        /// <summary>What the turn cost; -1 when prices are not known.</summary>
        public double CostUsd { get; }

        /// <summary>What the session cost so far; -1 when prices are not known.</summary>
        public double SpentUsd { get; }

        /// <summary>The end of a turn that will never get one from the bridge.</summary>
        internal static TurnEnded Lost(string npc, string turn, int chars, string reason = "lost")
        {
            return new TurnEnded(new Fields(new WireMap
            {
                { "type", "turn_ended" },
                { "npc", npc },
                { "turn", turn },
                { "reason", reason },
                { "chars", (long)chars },
                { "retry", true },
            }));
        }
    }
}

using System.Collections.Generic;

namespace NpcBridge.Core
{
    /// <summary>Something that the bridge says. What each message and field means is in the bridge's <c>docs/protocol.md</c>.</summary>
    public abstract class BridgeMessage
    {
        private protected BridgeMessage(Fields fields)
        {
            Type = fields.Text("type");
            Seq = fields.WholeOr("seq", 0);
        }

        /// <summary>The message's type on the wire, such as <c>turn_started</c>.</summary>
        public string Type { get; }

        /// <summary>Counts the messages of a session from 1 without a gap; 0 if it has no number.</summary>
        public long Seq { get; }

        /// <summary>Read a decoded map. Unknown fields are ignored, and <c>3.0</c> is accepted for <c>3</c>.</summary>
        /// <exception cref="WireException">The type is unknown, or a field is missing or of the wrong kind.</exception>
        public static BridgeMessage Read(WireMap map)
        {
            var fields = new Fields(map);
            string type = fields.Text("type");
            switch (type)
            {
                case "welcome": return new Welcome(fields);
                case "opened": return new Opened(fields);
                case "accepted": return new Accepted(fields);
                case "turn_started": return new TurnStarted(fields);
                case "text": return new TextPiece(fields);
                case "cue": return new Cue(fields);
                case "turn_ended": return new TurnEnded(fields);
                case "saved": return new Saved(fields);
                case "loaded": return new Loaded(fields);
                case "closed": return new Closed(fields);
                case "error": return new BridgeError(fields);
                default: throw new WireException("there is no message type '" + (type.Length > 40 ? type.Substring(0, 40) : type) + "'");
            }
        }
    }

    /// <summary>A message about one NPC.</summary>
    public abstract class NpcMessage : BridgeMessage
    {
        private protected NpcMessage(Fields fields)
            : base(fields)
        {
            Npc = fields.Text("npc");
        }

        /// <summary>The game's id of the NPC.</summary>
        public string Npc { get; }
    }

    /// <summary>A message that belongs to one turn.</summary>
    public abstract class TurnMessage : NpcMessage
    {
        private protected TurnMessage(Fields fields)
            : base(fields)
        {
            Turn = fields.Text("turn");
        }

        /// <summary>The turn's id.</summary>
        public string Turn { get; }
    }

    /// <summary>The session is open.</summary>
    public sealed class Welcome : BridgeMessage
    {
        internal Welcome(Fields fields)
            : base(fields)
        {
            Protocol = fields.Whole("protocol");
            Session = fields.Text("session");
            Resumed = fields.Flag("resumed");
            Server = fields.Text("server");
            Backend = fields.Text("backend");
            Model = fields.Text("model");
            MaxMessageBytes = fields.Whole("max_message_bytes");
        }

        /// <summary>The protocol's version.</summary>
        public long Protocol { get; }

        /// <summary>The session's id, to resume it with.</summary>
        public string Session { get; }

        /// <summary>Whether this is the session that was asked for; if not, the NPCs have to be opened again.</summary>
        public bool Resumed { get; }

        /// <summary>Name and version of the bridge.</summary>
        public string Server { get; }

        /// <summary>What kind of model server stands behind the bridge.</summary>
        public string Backend { get; }

        /// <summary>The model's name.</summary>
        public string Model { get; }

        /// <summary>Limit of one message to the bridge, in bytes.</summary>
        public long MaxMessageBytes { get; }
    }

    /// <summary>The conversation with this NPC is open.</summary>
    public sealed class Opened : NpcMessage
    {
        internal Opened(Fields fields)
            : base(fields)
        {
            Character = fields.Text("character");
            Name = fields.Text("name");
            Language = fields.Text("language");
            Opening = fields.Flag("opening");
        }

        /// <summary>Id of the character.</summary>
        public string Character { get; }

        /// <summary>The character's name, for the player to read.</summary>
        public string Name { get; }

        /// <summary>The language that the NPC speaks.</summary>
        public string Language { get; }

        /// <summary>Whether the NPC now speaks its opening line, as a turn of its own.</summary>
        public bool Opening { get; }
    }

    /// <summary>These events and lines are safe and will be used once.</summary>
    public sealed class Accepted : BridgeMessage
    {
        internal Accepted(Fields fields)
            : base(fields)
        {
            Ids = fields.Texts("ids") ?? throw new WireException("field 'ids' is missing");
        }

        /// <summary>Ids of the messages.</summary>
        public IReadOnlyList<string> Ids { get; }
    }

    /// <summary>An NPC begins to reply.</summary>
    public sealed class TurnStarted : TurnMessage
    {
        internal TurnStarted(Fields fields)
            : base(fields)
        {
            Cause = fields.Text("cause");
            Answers = fields.Texts("answers") ?? new List<string>();
            Note = fields.TextOr("note", "");
        }

        /// <summary>What it replies to: <c>opening</c>, <c>say</c>, <c>continue</c> or <c>event</c>.</summary>
        public string Cause { get; }

        /// <summary>Ids of the lines, or of the event, that this turn answers.</summary>
        public IReadOnlyList<string> Answers { get; }

        /// <summary>The note made from events for this turn, as the model reads it.</summary>
        public string Note { get; }
    }

    /// <summary>A piece of what the NPC says.</summary>
    public sealed class TextPiece : TurnMessage
    {
        internal TextPiece(Fields fields)
            : base(fields)
        {
            At = fields.Position("at");
            Text = fields.Text("text");
        }

        /// <summary>Its place in the turn's text, in code points.</summary>
        public int At { get; }

        /// <summary>The piece.</summary>
        public string Text { get; }
    }

    /// <summary>Something the NPC does, at its place in the text.</summary>
    public sealed class Cue : TurnMessage
    {
        internal Cue(Fields fields)
            : base(fields)
        {
            At = fields.Position("at");
            Clip = fields.Text("clip");
            Action = fields.Text("action");
        }

        /// <summary>Its place in the turn's text, in code points. See <see cref="TurnText.IndexOf"/>.</summary>
        public int At { get; }

        /// <summary>One of the clips that the game declared, or empty when none fits.</summary>
        public string Clip { get; }

        /// <summary>What the model wrote between the parentheses.</summary>
        public string Action { get; }
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
        }

        /// <summary><c>stop</c>, <c>length</c>, <c>interrupted</c>, <c>fallback</c> or <c>failed</c>; <c>lost</c> when this client gave it up.</summary>
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

        /// <summary>The end of a turn that will never get one from the bridge.</summary>
        internal static TurnEnded Lost(string npc, string turn, int chars)
        {
            return new TurnEnded(new Fields(new WireMap
            {
                { "type", "turn_ended" },
                { "npc", npc },
                { "turn", turn },
                { "reason", "lost" },
                { "chars", (long)chars },
                { "retry", true },
            }));
        }
    }

    /// <summary>The state for the game's save file.</summary>
    public sealed class Saved : BridgeMessage
    {
        internal Saved(Fields fields)
            : base(fields)
        {
            Id = fields.Text("id");
            Slot = fields.TextOr("slot", "");
            Blob = fields.Binary("blob");
        }

        /// <summary>Id of the message that asked for it.</summary>
        public string Id { get; }

        /// <summary>As it was asked for.</summary>
        public string Slot { get; }

        /// <summary>The state.</summary>
        public byte[] Blob { get; }
    }

    /// <summary>The session is back at the saved state.</summary>
    public sealed class Loaded : BridgeMessage
    {
        internal Loaded(Fields fields)
            : base(fields)
        {
            Id = fields.Text("id");
            Slot = fields.TextOr("slot", "");
        }

        /// <summary>Id of the message that asked for it.</summary>
        public string Id { get; }

        /// <summary>As it was asked for.</summary>
        public string Slot { get; }
    }

    /// <summary>The conversation is left.</summary>
    public sealed class Closed : NpcMessage
    {
        internal Closed(Fields fields)
            : base(fields)
        {
        }
    }

    /// <summary>A message could not be carried out; the session goes on.</summary>
    public sealed class BridgeError : BridgeMessage
    {
        internal BridgeError(Fields fields)
            : base(fields)
        {
            Code = fields.Text("code");
            Message = fields.Text("message");
            Retry = fields.FlagOr("retry", false);
            Re = fields.TextOr("re", "");
        }

        /// <summary>Stable, for programs.</summary>
        public string Code { get; }

        /// <summary>For people.</summary>
        public string Message { get; }

        /// <summary>Whether the same, done again later, can succeed.</summary>
        public bool Retry { get; }

        /// <summary>Id of the message at fault, or its type when it has none.</summary>
        public string Re { get; }

        /// <summary>An error that this client found by itself.</summary>
        internal static BridgeError Of(string code, string message, string re)
        {
            return new BridgeError(new Fields(new WireMap { { "type", "error" }, { "code", code }, { "message", message }, { "re", re } }));
        }
    }
}

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
                case "exit": return new Exit(fields);
                case "turn_ended": return new TurnEnded(fields);
                case "saved": return new Saved(fields);
                case "loaded": return new Loaded(fields);
                case "forgotten": return new Forgotten(fields);
                case "gathered": return new Gathered(fields);
                case "dispersed": return new Dispersed(fields);
                case "stats": return new Stats(fields);
                case "notice": return new Notice(fields);
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

    /// <summary>A message that belongs to a place in the text of a turn.</summary>
    public abstract class PlacedMessage : TurnMessage
    {
        private protected PlacedMessage(Fields fields, int at)
            : base(fields)
        {
            At = at;
        }

        /// <summary>Its place in the turn's text, in code points. See <see cref="TurnText.IndexOf"/>.</summary>
        public int At { get; }
    }

    /// <summary>The answer to one message of the game.</summary>
    public abstract class AnswerMessage : BridgeMessage
    {
        private protected AnswerMessage(Fields fields)
            : base(fields)
        {
            Id = fields.Text("id");
        }

        /// <summary>Id of the message that asked for it.</summary>
        public string Id { get; }
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
            Characters = fields.TextsOr("characters");
            Npcs = fields.TextsOr("npcs");
            Timeline = fields.WholeOr("timeline", 0);
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

        /// <summary>Ids of the character files, to choose from.</summary>
        public IReadOnlyList<string> Characters { get; }

        /// <summary>NPCs that this session knows from before: opened again, their conversations go on.</summary>
        public IReadOnlyList<string> Npcs { get; }

        /// <summary>How often a saved state was loaded in this session.</summary>
        public long Timeline { get; }
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
            Remembered = fields.WholeOr("remembered", 0);
            LastLine = fields.TextOr("last_line", "");
        }

        /// <summary>Id of the character.</summary>
        public string Character { get; }

        /// <summary>The character's name, for the player to read.</summary>
        public string Name { get; }

        /// <summary>The language that the NPC speaks.</summary>
        public string Language { get; }

        /// <summary>Whether the NPC now speaks its opening line, as a turn of its own.</summary>
        public bool Opening { get; }

        /// <summary>How many lines of earlier talk this conversation goes on from.</summary>
        public long Remembered { get; }

        /// <summary>What the NPC said last, without its actions.</summary>
        public string LastLine { get; }
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

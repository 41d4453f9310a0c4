using System.Collections.Generic;

namespace NpcBridge.Core
{
    /// <summary>The state for the game's save file.</summary>
    public sealed class Saved : AnswerMessage
    {
        internal Saved(Fields fields)
            : base(fields)
        {
            Slot = fields.TextOr("slot", "");
            Blob = fields.Binary("blob");
        }

        /// <summary>As it was asked for.</summary>
        public string Slot { get; }

        /// <summary>The state.</summary>
        public byte[] Blob { get; }
    }

    /// <summary>The session is back at the saved state. All that came before belongs to another timeline; its turns are over.</summary>
    public sealed class Loaded : AnswerMessage
    {
        internal Loaded(Fields fields)
            : base(fields)
        {
            Slot = fields.TextOr("slot", "");
            Npcs = fields.TextsOr("npcs");
            Timeline = fields.WholeOr("timeline", 0);
        }

        /// <summary>As it was asked for.</summary>
        public string Slot { get; }

        /// <summary>The NPCs that the saved state knows.</summary>
        public IReadOnlyList<string> Npcs { get; }

        /// <summary>Counts the loads of this session.</summary>
        public long Timeline { get; }
    }

    /// <summary>This was deleted for good.</summary>
    public sealed class Forgotten : AnswerMessage
    {
        internal Forgotten(Fields fields)
            : base(fields)
        {
            Conversations = fields.WholeOr("conversations", 0);
            Lines = fields.WholeOr("lines", 0);
            Events = fields.WholeOr("events", 0);
            Slots = fields.WholeOr("slots", 0);
        }

        /// <summary>How many conversations.</summary>
        public long Conversations { get; }

        /// <summary>How many lines that were said.</summary>
        public long Lines { get; }

        /// <summary>How many events that waited.</summary>
        public long Events { get; }

        /// <summary>How many saved states that held some of it.</summary>
        public long Slots { get; }
    }

    /// <summary>These NPCs now talk with each other.</summary>
    public sealed class Gathered : AnswerMessage
    {
        internal Gathered(Fields fields)
            : base(fields)
        {
            Group = fields.Text("group");
            Npcs = fields.Texts("npcs") ?? throw new WireException("field 'npcs' is missing");
        }

        /// <summary>The group's name.</summary>
        public string Group { get; }

        /// <summary>Who takes part.</summary>
        public IReadOnlyList<string> Npcs { get; }
    }

    /// <summary>The talk of the group is over.</summary>
    public sealed class Dispersed : AnswerMessage
    {
        internal Dispersed(Fields fields)
            : base(fields)
        {
            Group = fields.Text("group");
        }

        /// <summary>The group's name.</summary>
        public string Group { get; }
    }

    /// <summary>How it is going, for a developer's window. The maps may gain entries in later versions of the bridge.</summary>
    public sealed class Stats : AnswerMessage
    {
        internal Stats(Fields fields)
            : base(fields)
        {
            Session = fields.MapOr("session");
            Characters = fields.MapsOr("characters");
            Players = fields.MapsOr("players");
            Backends = fields.MapsOr("backends");
            Budgets = fields.MapsOr("budgets");
            var unmapped = new List<UnmappedAction>();
            foreach (WireMap each in fields.MapsOr("unmapped"))
            {
                unmapped.Add(new UnmappedAction(each));
            }

            Unmapped = unmapped;
        }

        /// <summary>Counts of this session: turns, tokens, money.</summary>
        public WireMap Session { get; }

        /// <summary>The same by character.</summary>
        public IReadOnlyList<WireMap> Characters { get; }

        /// <summary>The same by player.</summary>
        public IReadOnlyList<WireMap> Players { get; }

        /// <summary>The model servers in a row, and how each one is.</summary>
        public IReadOnlyList<WireMap> Backends { get; }

        /// <summary>What may be spent, and what was.</summary>
        public IReadOnlyList<WireMap> Budgets { get; }

        /// <summary>Actions for which no clip was found.</summary>
        public IReadOnlyList<UnmappedAction> Unmapped { get; }
    }

    /// <summary>An action for which no clip was found.</summary>
    public sealed class UnmappedAction
    {
        internal UnmappedAction(WireMap map)
        {
            Character = map.TextOf("character");
            Action = map.TextOf("action");
            Count = new Fields(map).WholeOr("count", 1);
            Suggestions = new Fields(map).TextsOr("suggestions");
        }

        /// <summary>Whose it is.</summary>
        public string Character { get; }

        /// <summary>What the model wrote.</summary>
        public string Action { get; }

        /// <summary>How often.</summary>
        public long Count { get; }

        /// <summary>Clips that may be meant, the likeliest first.</summary>
        public IReadOnlyList<string> Suggestions { get; }
    }

    /// <summary>Something that the developer or the player may want to know, although all goes on.</summary>
    public sealed class Notice : BridgeMessage
    {
        internal Notice(Fields fields)
            : base(fields)
        {
            Code = fields.Text("code");
            Message = fields.Text("message");
            Npc = fields.TextOr("npc", "");
            Player = fields.TextOr("player", "");
        }

        /// <summary>Stable, for programs.</summary>
        public string Code { get; }

        /// <summary>For the developer.</summary>
        public string Message { get; }

        /// <summary>The NPC that it concerns; empty for all.</summary>
        public string Npc { get; }

        /// <summary>The player whom it concerns; empty for all.</summary>
        public string Player { get; }
    }
}

using System.Collections.Generic;
using System.Linq;

namespace NpcBridge.Core
{
    /// <summary>Who speaks to the NPC.</summary>
    public sealed class Player
    {
        /// <summary>The player with this name.</summary>
        public Player(string name, string id = "", string description = "")
        {
            Name = string.IsNullOrEmpty(name) ? "Player" : name;
            Id = id;
            Description = description;
        }

        /// <summary>The player's name.</summary>
        public string Name { get; }

        /// <summary>Tells players of the same name apart; the name when empty.</summary>
        public string Id { get; }

        /// <summary>What the NPC can see or knows of the player.</summary>
        public string Description { get; }

        internal WireMap ToMap()
        {
            var map = new WireMap { { "name", Name } };
            map.AddIfGiven("id", Id);
            map.AddIfGiven("description", Description);
            return map;
        }
    }

    /// <summary>An animation of the game that an NPC can play.</summary>
    public sealed class Clip
    {
        /// <summary>The clip with this name.</summary>
        public Clip(string name, string description = "", IReadOnlyList<string> aliases = null)
        {
            Name = name;
            Description = description ?? "";
            Aliases = aliases ?? new string[0];
        }

        /// <summary>What the model is offered, and what cues name.</summary>
        public string Name { get; }

        /// <summary>What it shows.</summary>
        public string Description { get; }

        /// <summary>Other words for it.</summary>
        public IReadOnlyList<string> Aliases { get; }

        internal WireMap ToMap()
        {
            var aliases = new List<object>(Aliases.Take(WireLimits.MaxAliases));
            return new WireMap { { "name", Name }, { "description", Description }, { "aliases", aliases } };
        }
    }

    /// <summary>A thing, a place or a person of the game that an action can be aimed at.</summary>
    public sealed class Target
    {
        /// <summary>The target with this name.</summary>
        public Target(string name, IReadOnlyList<string> aliases = null)
        {
            Name = name;
            Aliases = aliases ?? new string[0];
        }

        /// <summary>As the game calls it; cues name it so.</summary>
        public string Name { get; }

        /// <summary>Other words for it, as a character may write them.</summary>
        public IReadOnlyList<string> Aliases { get; }

        internal WireMap ToMap()
        {
            return new WireMap { { "name", Name }, { "aliases", new List<object>(Aliases.Take(WireLimits.MaxTargetAliases)) } };
        }
    }

    /// <summary>Who notices an event, and how long and how much it matters.</summary>
    public sealed class EventOptions
    {
        internal static readonly EventOptions None = new EventOptions();

        /// <summary>The one NPC that notices it. Empty, with <see cref="Group"/> empty as well: everyone.</summary>
        public string Npc { get; set; } = "";

        /// <summary>The group that notices it.</summary>
        public string Group { get; set; } = "";

        /// <summary>A later event with the same key replaces this one until it was used.</summary>
        public string Key { get; set; } = "";

        /// <summary>Which events stay when there are too many: 9 before 0; <c>null</c>: as the event's template says.</summary>
        public int? Priority { get; set; }

        /// <summary>After so many seconds it does not matter any more.</summary>
        public double? TtlSeconds { get; set; }

        /// <summary>After so many turns it does not matter any more.</summary>
        public int? TtlTurns { get; set; }

        /// <summary>Whether the NPC should say something about it by itself; <c>null</c>: as the event's template says.</summary>
        public bool? React { get; set; }

        /// <summary>
        /// Whether the event is kept until the bridge has it safe. Without, it may be lost with the connection: meant for what is told
        /// many times a second.
        /// </summary>
        public bool Confirm { get; set; } = true;

        /// <summary>The same for one NPC.</summary>
        public EventOptions ForNpc(string npc)
        {
            var copy = (EventOptions)MemberwiseClone();
            copy.Npc = npc;
            return copy;
        }
    }

    /// <summary>Who speaks next in a group when the game does not say.</summary>
    public enum Director
    {
        /// <summary>Who is named in the line, or else who spoke last.</summary>
        Addressed,

        /// <summary>Each in turn.</summary>
        RoundRobin,

        /// <summary>At random, by <see cref="GroupOptions.Weights"/>.</summary>
        Weighted,

        /// <summary>Nobody: the game asks an NPC of the group to continue.</summary>
        Game,
    }

    /// <summary>How the NPCs of a group talk.</summary>
    public sealed class GroupOptions
    {
        /// <summary>Who speaks next when the game does not say.</summary>
        public Director Director { get; set; } = Director.Addressed;

        /// <summary>How talkative an NPC is, by id; 1 when it is not named.</summary>
        public IDictionary<string, double> Weights { get; set; } = new Dictionary<string, double>();

        /// <summary>How many turns NPCs take by themselves after one that a player asked for, 0 to 20; <c>null</c>: as the bridge does it.</summary>
        public int? MaxNpcTurns { get; set; }

        /// <summary>How many seconds to wait before an NPC answers another, 0 to 60; <c>null</c>: as the bridge does it.</summary>
        public double? PauseSeconds { get; set; }

        internal string DirectorName
        {
            get
            {
                switch (Director)
                {
                    case Director.RoundRobin: return "round_robin";
                    case Director.Weighted: return "weighted";
                    case Director.Game: return "game";
                    default: return "";
                }
            }
        }
    }
}

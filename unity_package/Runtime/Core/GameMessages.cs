using System.Collections.Generic;

namespace NpcBridge.Core
{
    /// <summary>What a game can say to the bridge. What is <c>null</c> or empty is left out: the wire's way to say "not given".</summary>
    public static class GameMessages
    {
        /// <summary>The first message of a connection.</summary>
        /// <param name="client">Name and version of this client.</param>
        /// <param name="engine">Name and version of the engine, for the bridge's log.</param>
        /// <param name="token">What lets this game in.</param>
        /// <param name="session">The session to resume; empty for a new one.</param>
        /// <param name="seq">With <paramref name="session"/>: the last number seen.</param>
        public static WireMap Hello(string client, string engine, string token, string session, long seq)
        {
            var message = Of("hello");
            message.Add("protocol", (long)WireLimits.Protocol);
            message.AddIfGiven("client", client);
            message.AddIfGiven("engine", engine);
            message.AddIfGiven("token", token);
            if (!string.IsNullOrEmpty(session))
            {
                message.Add("session", session);
                message.Add("seq", seq);
            }

            return message;
        }

        /// <summary>Begin, or go on with, the conversation with one NPC.</summary>
        public static WireMap Open(string npc, string character, Player player, IEnumerable<Clip> clips, string language, string group)
        {
            var message = Of("open");
            message.Add("npc", npc);
            message.Add("character", character);
            message.AddIfGiven("player", player?.ToMap());
            var declared = new List<object>();
            foreach (Clip clip in clips ?? new Clip[0])
            {
                declared.Add(clip.ToMap());
            }

            message.AddIfGiven("clips", declared.Count > 0 ? declared : null);
            message.AddIfGiven("language", language);
            message.AddIfGiven("group", group);
            return message;
        }

        /// <summary>Something happened in the game.</summary>
        public static WireMap Event(string name, string id, WireMap data, EventOptions options)
        {
            options = options ?? EventOptions.None;
            var message = Of("event");
            message.Add("name", name);
            message.AddIfGiven("id", id);
            message.AddIfGiven("data", data != null && data.Count > 0 ? data : null);
            message.AddIfGiven("npc", options.Npc);
            message.AddIfGiven("group", options.Group);
            message.AddIfGiven("key", options.Key);
            message.AddIfGiven("priority", options.Priority);
            message.AddIfGiven("ttl_s", options.TtlSeconds);
            message.AddIfGiven("ttl_turns", options.TtlTurns);
            message.AddIfGiven("react", options.React);
            return message;
        }

        /// <summary>The player said this to the NPC.</summary>
        public static WireMap Say(string id, string npc, string text, string player)
        {
            var message = About("say", id, npc);
            message.Add("text", text);
            message.AddIfGiven("player", player);
            return message;
        }

        /// <summary>Go on, although the player said nothing.</summary>
        public static WireMap Continue(string id, string npc)
        {
            return About("continue", id, npc);
        }

        /// <summary>Say the last reply again in other words.</summary>
        public static WireMap Regenerate(string id, string npc)
        {
            return About("regenerate", id, npc);
        }

        /// <summary>Offer several replies to choose from, 1 to 4.</summary>
        public static WireMap Candidates(string id, string npc, int n)
        {
            var message = About("candidates", id, npc);
            message.Add("n", (long)n);
            return message;
        }

        /// <summary>Take this one of the candidates.</summary>
        public static WireMap Choose(string id, string npc, string turn, int index)
        {
            var message = About("choose", id, npc);
            message.Add("turn", turn);
            message.Add("index", (long)index);
            return message;
        }

        /// <summary>The player was shown the turn up to this position, in code points.</summary>
        public static WireMap Seen(string npc, string turn, int at)
        {
            var message = Of("seen");
            message.Add("npc", npc);
            message.Add("turn", turn);
            message.Add("at", (long)at);
            return message;
        }

        /// <summary>Stop the reply that is under way.</summary>
        /// <param name="npc">Who shall stop.</param>
        /// <param name="turn">Only if this turn is still the running one; empty: whichever is.</param>
        /// <param name="at">How much of it the player was shown, in code points; negative: all that was sent.</param>
        public static WireMap Interrupt(string npc, string turn, int at)
        {
            var message = Of("interrupt");
            message.Add("npc", npc);
            message.AddIfGiven("turn", turn);
            message.AddIfGiven("at", at >= 0 ? (object)(long)at : null);
            return message;
        }

        /// <summary>Hand me this session's state for my save file.</summary>
        public static WireMap Save(string id, string slot)
        {
            var message = Of("save");
            message.Add("id", id);
            message.AddIfGiven("slot", slot);
            return message;
        }

        /// <summary>Go back to this state.</summary>
        public static WireMap Load(string id, string slot, byte[] blob)
        {
            var message = Of("load");
            message.Add("id", id);
            message.AddIfGiven("slot", slot);
            message.Add("blob", blob ?? new byte[0]);
            return message;
        }

        /// <summary>Delete what is remembered of a player or an NPC.</summary>
        public static WireMap Forget(string id, string npc, string player)
        {
            var message = Of("forget");
            message.Add("id", id);
            message.AddIfGiven("npc", npc);
            message.AddIfGiven("player", player);
            return message;
        }

        /// <summary>Leave this conversation.</summary>
        public static WireMap Close(string npc)
        {
            var message = Of("close");
            message.Add("npc", npc);
            return message;
        }

        private static WireMap Of(string type)
        {
            return new WireMap { { "type", type } };
        }

        private static WireMap About(string type, string id, string npc)
        {
            return new WireMap { { "type", type }, { "id", id }, { "npc", npc } };
        }
    }

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
            var aliases = new List<object>();
            foreach (string alias in Aliases)
            {
                if (aliases.Count < WireLimits.MaxAliases)
                {
                    aliases.Add(alias);
                }
            }

            return new WireMap { { "name", Name }, { "description", Description }, { "aliases", aliases } };
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
}

using System.Collections.Generic;
using System.Linq;

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
            return Of(
                "hello", ("protocol", WireLimits.Protocol), ("client", client), ("engine", engine), ("token", token), ("session", session),
                ("seq", string.IsNullOrEmpty(session) ? null : (object)seq));
        }

        /// <summary>Begin, or go on with, the conversation with one NPC.</summary>
        /// <param name="npc">The game's id of the NPC.</param>
        /// <param name="character">Id of a character file.</param>
        /// <param name="player">Who talks to the NPC.</param>
        /// <param name="clips">What it can play.</param>
        /// <param name="language">What it speaks; empty: the character's own.</param>
        /// <param name="group">Events can be told to all NPCs of a group.</param>
        /// <param name="targets">What its actions can be aimed at.</param>
        /// <param name="opening">Whether the opening line is spoken, if this is their first meeting.</param>
        /// <param name="silenceSeconds">After how long a silence of the player the NPC goes on by itself, once; 0: never.</param>
        public static WireMap Open(
            string npc, string character, Player player, IEnumerable<Clip> clips, string language, string group, IEnumerable<Target> targets = null,
            bool opening = true, double silenceSeconds = 0)
        {
            return Of(
                "open", ("npc", npc), ("character", character), ("player", player?.ToMap()), ("clips", Some(Maps(clips))), ("language", language),
                ("group", group), ("targets", Some(Maps(targets))), ("opening", opening ? null : (object)false),
                ("silence_s", silenceSeconds > 0 ? (object)silenceSeconds : null));
        }

        /// <summary>What this NPC can play or aim at has changed. What is <c>null</c> stays as it was; an empty list empties it.</summary>
        public static WireMap Declare(string npc, IEnumerable<Clip> clips, IEnumerable<Target> targets)
        {
            return Of("declare", ("npc", npc), ("clips", Maps(clips)), ("targets", Maps(targets)));
        }

        /// <summary>Something happened in the game.</summary>
        public static WireMap Event(string name, string id, WireMap data, EventOptions options)
        {
            options = options ?? EventOptions.None;
            return Of(
                "event", ("name", name), ("id", id), ("data", Some(data)), ("npc", options.Npc), ("group", options.Group), ("key", options.Key),
                ("priority", options.Priority), ("ttl_s", options.TtlSeconds), ("ttl_turns", options.TtlTurns), ("react", options.React));
        }

        /// <summary>Something for the NPC to know in its next reply, and in no other: a search result, the state of a quest.</summary>
        /// <param name="id">Its id.</param>
        /// <param name="npc">Who reads it: this NPC, or else the <paramref name="group"/>, or else everyone.</param>
        /// <param name="group">All NPCs that were opened with this group.</param>
        /// <param name="text">What to know, in the model's language.</param>
        /// <param name="data">Read as <c>key: value</c> lines, after the text.</param>
        /// <param name="key">Replaces a note or event with the same key that was not used yet.</param>
        public static WireMap Note(string id, string npc, string group, string text, WireMap data, string key)
        {
            return Of("note", ("id", id), ("npc", npc), ("group", group), ("text", text), ("data", Some(data)), ("key", key));
        }

        /// <summary>What is true in the game now, for conditions in character files. A flag that is <c>null</c> is forgotten.</summary>
        public static WireMap Flags(string id, string npc, WireMap values)
        {
            return Of("flags", ("id", id), ("npc", npc), ("values", values ?? new WireMap()));
        }

        /// <summary>The player said this to the NPC, or to a group that was gathered.</summary>
        public static WireMap Say(string id, string npc, string text, string player)
        {
            var message = Of("say", ("id", id), ("npc", npc));
            message.Add("text", text);
            message.AddIfGiven("player", player);
            return message;
        }

        /// <summary>Go on, although the player said nothing.</summary>
        public static WireMap Continue(string id, string npc)
        {
            return Of("continue", ("id", id), ("npc", npc));
        }

        /// <summary>An authored line that was not asked of a model: the NPC, or a player, says it, and the NPC remembers it as said.</summary>
        /// <param name="id">Its id.</param>
        /// <param name="npc">The NPC.</param>
        /// <param name="text">With its actions in parentheses.</param>
        /// <param name="player">The player who says it; empty: the NPC does.</param>
        /// <param name="shown">Whether the game shows the line itself: then there is no turn, it is only remembered.</param>
        public static WireMap Line(string id, string npc, string text, string player, bool shown)
        {
            return Of("line", ("id", id), ("npc", npc), ("text", text), ("player", player), ("shown", shown ? (object)true : null));
        }

        /// <summary>A cutscene or authored dialogue runs: running turns end, and none starts until <see cref="Release"/>.</summary>
        /// <param name="id">Its id.</param>
        /// <param name="npc">One NPC, or else the <paramref name="group"/>, or else everyone.</param>
        /// <param name="group">All NPCs of this group.</param>
        public static WireMap Hold(string id, string npc, string group)
        {
            return Of("hold", ("id", id), ("npc", npc), ("group", group));
        }

        /// <summary>What was held may speak again; lines that waited are answered now.</summary>
        public static WireMap Release(string id, string npc, string group)
        {
            return Of("release", ("id", id), ("npc", npc), ("group", group));
        }

        /// <summary>Let these NPCs, which are open, talk with each other and with the players, in one conversation.</summary>
        public static WireMap Gather(string id, string group, IEnumerable<string> npcs, GroupOptions options)
        {
            options = options ?? new GroupOptions();
            var weights = new WireMap();
            foreach (KeyValuePair<string, double> each in options.Weights)
            {
                weights.Add(each.Key, each.Value);
            }

            return Of(
                "gather", ("id", id), ("group", group), ("npcs", new List<object>(npcs)), ("director", options.DirectorName),
                ("weights", Some(weights)), ("max_npc_turns", options.MaxNpcTurns), ("pause_s", options.PauseSeconds));
        }

        /// <summary>End the talk of this group; each NPC remembers what it heard.</summary>
        public static WireMap Disperse(string id, string group)
        {
            return Of("disperse", ("id", id), ("group", group));
        }

        /// <summary>Say the last reply again in other words.</summary>
        public static WireMap Regenerate(string id, string npc)
        {
            return Of("regenerate", ("id", id), ("npc", npc));
        }

        /// <summary>Offer several replies to choose from, 1 to 4.</summary>
        public static WireMap Candidates(string id, string npc, int n)
        {
            return Of("candidates", ("id", id), ("npc", npc), ("n", n));
        }

        /// <summary>Take this one of the candidates.</summary>
        public static WireMap Choose(string id, string npc, string turn, int index)
        {
            return Of("choose", ("id", id), ("npc", npc), ("turn", turn), ("index", index));
        }

        /// <summary>The player was shown the turn up to this position, in code points.</summary>
        public static WireMap Seen(string npc, string turn, int at)
        {
            return Of("seen", ("npc", npc), ("turn", turn), ("at", at));
        }

        /// <summary>Stop the reply that is under way.</summary>
        /// <param name="npc">Who shall stop.</param>
        /// <param name="turn">Only if this turn is still the running one; empty: whichever is.</param>
        /// <param name="at">How much of it the player was shown, in code points; negative: all that was sent.</param>
        public static WireMap Interrupt(string npc, string turn, int at)
        {
            return Of("interrupt", ("npc", npc), ("turn", turn), ("at", at >= 0 ? (object)at : null));
        }

        /// <summary>Hand me this session's state for my save file.</summary>
        public static WireMap Save(string id, string slot)
        {
            return Of("save", ("id", id), ("slot", slot));
        }

        /// <summary>Go back to this state: of the blob, or of the slot when there is none.</summary>
        public static WireMap Load(string id, string slot, byte[] blob)
        {
            return Of("load", ("id", id), ("slot", slot), ("blob", blob != null && blob.Length > 0 ? blob : null));
        }

        /// <summary>Delete what is remembered of a player or an NPC.</summary>
        public static WireMap Forget(string id, string npc, string player)
        {
            return Of("forget", ("id", id), ("npc", npc), ("player", player));
        }

        /// <summary>How is it going: answered by <see cref="Stats"/>.</summary>
        public static WireMap AskStats(string id)
        {
            return Of("ask_stats", ("id", id));
        }

        /// <summary>Leave this conversation.</summary>
        public static WireMap Close(string npc)
        {
            return Of("close", ("npc", npc));
        }

        private static WireMap Of(string type, params (string Name, object Value)[] fields)
        {
            var message = new WireMap { { "type", type } };
            foreach ((string name, object value) in fields)
            {
                message.AddIfGiven(name, Plain.Scalar(value));
            }

            return message;
        }

        private static WireMap Some(WireMap map)
        {
            return map != null && map.Count > 0 ? map : null;
        }

        private static List<object> Some(List<object> list)
        {
            return list != null && list.Count > 0 ? list : null;
        }

        private static List<object> Maps(IEnumerable<Clip> clips)
        {
            return clips == null ? null : new List<object>(clips.Select(each => each.ToMap()));
        }

        private static List<object> Maps(IEnumerable<Target> targets)
        {
            return targets == null ? null : new List<object>(targets.Select(each => each.ToMap()));
        }
    }
}

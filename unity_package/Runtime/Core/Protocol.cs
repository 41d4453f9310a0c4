using System;
using System.Collections.Generic;

namespace NpcBridge.Core
{
    /// <summary>What came of a frame.</summary>
    public enum Outcome
    {
        /// <summary>It is a new message.</summary>
        Taken,

        /// <summary>It was seen before.</summary>
        SeenBefore,

        /// <summary>It is not a message, or one of a later version of the bridge. It is skipped.</summary>
        Unreadable,

        /// <summary>Messages are missing before it; the connection has to be made again.</summary>
        Gap,
    }

    /// <summary>
    /// The game's side of the wire without socket and clock: which messages that came in count, and what has to be sent again after the
    /// connection was lost.
    /// </summary>
    /// <remarks>
    /// An event or a line is kept until the bridge has accepted it, and sent again under the same id: the bridge uses each id once.
    /// Messages of the bridge are numbered; one that was seen before is dropped, and a gap is told.
    /// </remarks>
    public sealed class Protocol
    {
        /// <summary>How many events and lines wait for a bridge that is away; the oldest event goes first.</summary>
        public const int MaxUnaccepted = 4096;

        private readonly ICodec _codec;
        private readonly string _prefix;
        private readonly List<KeyValuePair<string, WireMap>> _unaccepted = new List<KeyValuePair<string, WireMap>>();
        private readonly List<KeyValuePair<string, WireMap>> _opens = new List<KeyValuePair<string, WireMap>>();
        private readonly List<string> _awaitingOpen = new List<string>();
        private readonly HashSet<string> _opened = new HashSet<string>();
        private long _lastId;
        private long _seenAhead;

        /// <summary>Speak with this codec.</summary>
        /// <param name="codec">How messages are written.</param>
        /// <param name="prefix">Random text that makes this run's ids different from those of every other run.</param>
        public Protocol(ICodec codec, string prefix)
        {
            _codec = codec;
            _prefix = prefix;
            MaxMessageBytes = 65536;
        }

        /// <summary>The session that the bridge gave; empty before the first welcome.</summary>
        public string Session { get; private set; } = "";

        /// <summary>The last sequence number seen.</summary>
        public long Seq { get; private set; }

        /// <summary>Limit of one message to the bridge, in bytes; the bridge says it in its welcome.</summary>
        public long MaxMessageBytes { get; private set; }

        /// <summary>What was wrong with the last frame; empty when nothing was.</summary>
        public string Problem { get; private set; } = "";

        /// <summary>How many events and lines wait to be accepted.</summary>
        public int WaitingCount => _unaccepted.Count;

        /// <summary>An id that no other message of this game has.</summary>
        public string NewId()
        {
            _lastId++;
            return _prefix + "-" + _lastId;
        }

        /// <summary>The frame of a message.</summary>
        /// <exception cref="WireException">It cannot be sent at all.</exception>
        public byte[] Write(WireMap message)
        {
            return _codec.Encode(message);
        }

        /// <summary>The first message of a connection, which asks for the session of the connection before.</summary>
        public WireMap Hello(string client, string engine, string token)
        {
            return GameMessages.Hello(client, engine, token, Session, Seq);
        }

        /// <summary>Read a frame that came in.</summary>
        public Outcome Read(byte[] frame, out BridgeMessage message)
        {
            message = null;
            Problem = "";
            try
            {
                message = BridgeMessage.Read(_codec.Decode(frame, WireLimits.MaxAnswerBytes));
            }
            catch (WireException flaw)
            {
                // It had a number of its own, or the next message would look like one after a gap.
                Advance(Seq + 1);
                Problem = flaw.Message;
                return Outcome.Unreadable;
            }

            Outcome outcome = Count(message);
            if (outcome == Outcome.Taken)
            {
                Note(message);
            }
            else
            {
                message = null;
            }

            return outcome;
        }

        /// <summary>Keep this message until it is accepted. Gives the one that had to go to make room, if any.</summary>
        public WireMap Keep(WireMap message)
        {
            _unaccepted.Add(new KeyValuePair<string, WireMap>(message.TextOf("id"), message));
            if (_unaccepted.Count <= MaxUnaccepted)
            {
                return null;
            }

            int oldest = Math.Max(0, _unaccepted.FindIndex(each => each.Value.TextOf("type") == "event"));
            WireMap dropped = _unaccepted[oldest].Value;
            _unaccepted.RemoveAt(oldest);
            return dropped;
        }

        /// <summary>
        /// Forget the waiting event or note that this one replaces: same key, same scope. Only right before either was ever sent, because the
        /// bridge coalesces for itself.
        /// </summary>
        public void ReplaceKeyed(WireMap message)
        {
            _unaccepted.RemoveAll(each => Same(each.Value, message, "key")
                && Same(each.Value, message, "npc") && Same(each.Value, message, "group"));
        }

        /// <summary>Whether this message still waits to be accepted.</summary>
        public bool IsWaiting(string id)
        {
            return _unaccepted.Exists(each => each.Key == id);
        }

        /// <summary>Forget a message that waits: it was refused, or the game withdrew it.</summary>
        public void Forget(string id)
        {
            _unaccepted.RemoveAll(each => each.Key == id);
        }

        /// <summary>Forget what waits and was said before the message with this id.</summary>
        public void ForgetBefore(string id)
        {
            long number = NumberOf(id);
            _unaccepted.RemoveAll(each => NumberOf(each.Key) < number);
        }

        /// <summary>Have later connections open an NPC with what was declared of it since.</summary>
        public void Redeclare(WireMap declare)
        {
            string npc = declare.TextOf("npc");
            int place = _opens.FindIndex(each => each.Key == npc);
            if (place < 0)
            {
                return;
            }

            var open = new WireMap();
            foreach (var field in _opens[place].Value)
            {
                open.Add(field.Key, field.Value);
            }

            foreach (string field in new[] { "clips", "targets" })
            {
                if (declare.ContainsKey(field))
                {
                    open.Add(field, declare[field]);
                }
            }

            _opens[place] = new KeyValuePair<string, WireMap>(npc, open);
        }

        /// <summary>Every connection from now on opens this NPC.</summary>
        public void KeepOpen(string npc, WireMap open)
        {
            _opens.RemoveAll(each => each.Key == npc);
            _opens.Add(new KeyValuePair<string, WireMap>(npc, open));
        }

        /// <summary>Forget all that waits for this NPC, whose conversation was left.</summary>
        public void ForgetNpc(string npc)
        {
            _opens.RemoveAll(each => each.Key == npc);
            _opened.Remove(npc);
            _unaccepted.RemoveAll(each => each.Value.TextOf("npc") == npc);
        }

        /// <summary>What opens this NPC; <c>null</c> if the game does not talk with it.</summary>
        public WireMap OpenOf(string npc)
        {
            return _opens.Find(each => each.Key == npc).Value;
        }

        /// <summary>Whether an <c>open</c> for this NPC went out whose answer is still to come.</summary>
        public bool IsOpening(string npc)
        {
            return _awaitingOpen.Contains(npc);
        }

        /// <summary>An <c>open</c> for this NPC goes out; answers come in the same order.</summary>
        public void ExpectOpen(string npc)
        {
            _awaitingOpen.Add(npc);
        }

        /// <summary>The NPC whose <c>open</c> an error is about: errors do not name it, but come in order. Empty if there is none.</summary>
        public string RefusedOpen()
        {
            if (_awaitingOpen.Count == 0)
            {
                return "";
            }

            string npc = _awaitingOpen[0];
            _awaitingOpen.RemoveAt(0);
            return npc;
        }

        /// <summary>What opens the NPCs that this session has not opened yet: to send after a welcome.</summary>
        public List<WireMap> Unopened()
        {
            return _opens.FindAll(each => !_opened.Contains(each.Key)).ConvertAll(each => each.Value);
        }

        /// <summary>What was not accepted yet: to send after that.</summary>
        public List<WireMap> Unaccepted()
        {
            return _unaccepted.ConvertAll(each => each.Value);
        }

        private static long NumberOf(string id)
        {
            return long.TryParse(id.Substring(id.LastIndexOf('-') + 1), out long number) ? number : 0;
        }

        private static bool Same(WireMap one, WireMap other, string field)
        {
            return one.TextOf(field) == other.TextOf(field);
        }

        private Outcome Count(BridgeMessage message)
        {
            if (message is Welcome welcome)
            {
                Begin(welcome);
                return Outcome.Taken;
            }

            if (message.Seq == 0)
            {
                return Outcome.Taken;
            }

            if (message.Seq <= Seq)
            {
                return Outcome.SeenBefore;
            }

            if (message.Seq > Seq + 1)
            {
                Problem = (message.Seq - Seq - 1) + " messages are missing before number " + message.Seq;
                return Outcome.Gap;
            }

            Advance(message.Seq);
            return Outcome.Taken;
        }

        private void Begin(Welcome welcome)
        {
            // An NPC that the bridge knows was opened, and the answer is among what was missed; of any other it has not heard.
            var known = new HashSet<string>(welcome.Npcs);
            _awaitingOpen.RemoveAll(each => !welcome.Resumed || !known.Contains(each));
            if (welcome.Resumed)
            {
                // The welcome may be numbered before or after the messages that were missed.
                _seenAhead = welcome.Seq;
                Advance(Seq);
            }
            else
            {
                Seq = welcome.Seq;
                _seenAhead = 0;
                _opened.Clear();
            }

            Session = welcome.Session;
            MaxMessageBytes = welcome.MaxMessageBytes;
        }

        private void Advance(long seq)
        {
            Seq = seq;
            if (_seenAhead == Seq + 1)
            {
                Seq = _seenAhead;
            }
        }

        private void Note(BridgeMessage message)
        {
            if (message is Accepted accepted)
            {
                var ids = new HashSet<string>(accepted.Ids);
                _unaccepted.RemoveAll(each => ids.Contains(each.Key));
            }
            else if (message is TurnStarted started)
            {
                // A message that a turn answers has arrived, whether or not it was accepted before.
                var ids = new HashSet<string>(started.Answers);
                _unaccepted.RemoveAll(each => ids.Contains(each.Key));
            }
            else if (message is Opened opened)
            {
                _awaitingOpen.Remove(opened.Npc);
                _opened.Add(opened.Npc);
            }
            else if (message is Closed closed)
            {
                _opened.Remove(closed.Npc);
            }
        }
    }
}

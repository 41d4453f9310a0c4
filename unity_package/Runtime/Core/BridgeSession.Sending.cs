using System;
using System.Collections.Generic;
using System.Linq;

namespace NpcBridge.Core
{
    /// <content>What a game says, and what becomes of it until the bridge has it.</content>
    /// <remarks>
    /// What is <em>posted</em> is kept until the bridge has accepted it, over lost connections and restarts, and is used once. What is
    /// <em>asked</em> needs a connection, and an answer that does not come is an error.
    /// </remarks>
    public sealed partial class BridgeSession
    {
        /// <summary>
        /// Tell the NPCs that something happened in the game; it shows in the next reply of those who notice it. It is told once, also
        /// when the connection is lost in between.
        /// </summary>
        /// <returns>The event's id; empty if it was refused, or is not confirmed.</returns>
        public string Tell(string name, WireMap data = null, EventOptions options = null)
        {
            options = options ?? EventOptions.None;
            if (options.Confirm)
            {
                return Post(GameMessages.Event(name, _protocol.NewId(), data, options));
            }

            SendNow(GameMessages.Event(name, "", data, options));
            return "";
        }

        /// <summary>Something to know in the next reply and in no other, as <see cref="GameMessages.Note"/>. Gives the note's id.</summary>
        public string Note(string text, string npc = "", string group = "", WireMap data = null, string key = "")
        {
            return Post(GameMessages.Note(_protocol.NewId(), npc, group, text, data, key));
        }

        /// <summary>What is true in the game now, for conditions in character files; flags that are not named stay. Gives the message's id.</summary>
        public string Flags(WireMap values, string npc = "")
        {
            return Post(GameMessages.Flags(_protocol.NewId(), npc, values));
        }

        /// <summary>Say something to an NPC, or to a group that was gathered. Gives the line's id; empty if it was refused.</summary>
        public string Say(string npc, string text, string player = "")
        {
            return Post(GameMessages.Say(_protocol.NewId(), npc, text, player));
        }

        /// <summary>Let an NPC go on although the player says nothing. Gives the message's id.</summary>
        public string Continue(string npc)
        {
            return Post(GameMessages.Continue(_protocol.NewId(), npc));
        }

        /// <summary>An authored line, as <see cref="GameMessages.Line"/>. Gives the line's id.</summary>
        public string Line(string npc, string text, string player = "", bool shown = false)
        {
            return Post(GameMessages.Line(_protocol.NewId(), npc, text, player, shown));
        }

        /// <summary>A cutscene runs: an NPC, a group or everyone (both empty) ends what it says, and begins nothing until <see cref="Release"/>.</summary>
        public string Hold(string npc = "", string group = "")
        {
            return Post(GameMessages.Hold(_protocol.NewId(), npc, group));
        }

        /// <summary>What was held may speak again.</summary>
        public string Release(string npc = "", string group = "")
        {
            return Post(GameMessages.Release(_protocol.NewId(), npc, group));
        }

        /// <summary>Have an NPC say its last reply again in other words. Gives the message's id.</summary>
        public string Regenerate(string npc)
        {
            return Post(GameMessages.Regenerate(_protocol.NewId(), npc));
        }

        /// <summary>Have an NPC offer 1 to 4 replies side by side, in one turn. Gives the message's id.</summary>
        public string Candidates(string npc, int n)
        {
            return Post(GameMessages.Candidates(_protocol.NewId(), npc, n));
        }

        /// <summary>Take this one of a turn's candidates; the others leave no trace. Gives the message's id.</summary>
        public string Choose(string npc, string turn, int index)
        {
            return Post(GameMessages.Choose(_protocol.NewId(), npc, turn, index));
        }

        /// <summary>
        /// Let NPCs talk with each other and the players in one conversation, which <see cref="Say"/> and <see cref="Continue"/> name as
        /// they name an NPC. A bridge that was started anew is told again.
        /// </summary>
        public void Gather(string group, IEnumerable<string> npcs, GroupOptions options = null, Action<Gathered, BridgeError> answered = null)
        {
            WireMap message = GameMessages.Gather(_protocol.NewId(), group, npcs, options);
            _groups[group] = message;
            Ask<Gathered>(message, (gathered, error) =>
            {
                if (gathered == null && error.Code != "no_answer" && _groups.TryGetValue(group, out WireMap last) && last == message)
                {
                    _groups.Remove(group);
                }

                answered?.Invoke(gathered, error);
            });
        }

        /// <summary>End the talk of a group.</summary>
        public void Disperse(string group, Action<Dispersed, BridgeError> answered = null)
        {
            _groups.Remove(group);
            Ask(GameMessages.Disperse(_protocol.NewId(), group), answered);
        }

        /// <summary>Ask for the state of this session, for the game's save file; with a slot the bridge keeps it as well.</summary>
        /// <param name="slot">The game's name for the saved game.</param>
        /// <param name="answered">Gets the answer, or the error when there is none; <see cref="Saved"/> is raised too.</param>
        public void Save(string slot = "", Action<Saved, BridgeError> answered = null)
        {
            Ask(GameMessages.Save(_protocol.NewId(), slot), answered);
        }

        /// <summary>Go back to a state: to <paramref name="blob"/>, or without one to what the bridge keeps in this slot.</summary>
        /// <param name="blob">What <see cref="Saved"/> brought.</param>
        /// <param name="slot">The game's name for the saved game.</param>
        /// <param name="answered">Gets the answer, or the error when there is none; <see cref="Loaded"/> is raised too.</param>
        public void Load(byte[] blob, string slot = "", Action<Loaded, BridgeError> answered = null)
        {
            Ask(GameMessages.Load(_protocol.NewId(), slot, blob), answered);
        }

        /// <summary>Have the bridge delete for good what it remembers of an NPC, a player, or both.</summary>
        public void Forget(string npc = "", string player = "", Action<Forgotten, BridgeError> answered = null)
        {
            Ask(GameMessages.Forget(_protocol.NewId(), npc, player), answered);
        }

        /// <summary>Ask how it is going.</summary>
        public void Stats(Action<Stats, BridgeError> answered)
        {
            Ask(GameMessages.AskStats(_protocol.NewId()), answered);
        }

        /// <summary>What an NPC that was opened can play or aim at has changed; what is <c>null</c> stays as it was.</summary>
        public void Declare(string npc, IEnumerable<Clip> clips, IEnumerable<Target> targets)
        {
            WireMap message = GameMessages.Declare(npc, clips, targets);
            _protocol.Redeclare(message);
            SendNow(message);
        }

        private string Post(WireMap message)
        {
            if (IsTooLarge(message))
            {
                return "";
            }

            if (!IsReady && message.ContainsKey("key"))
            {
                _protocol.ReplaceKeyed(message);
            }

            WireMap dropped = _protocol.Keep(message);
            if (dropped != null)
            {
                Fail("dropped", "too much waits for the bridge; one '" + dropped.TextOf("type") + "' was dropped", dropped);
            }

            SendNow(message);
            return message.TextOf("id");
        }

        private void Ask<T>(WireMap message, Action<T, BridgeError> answered)
            where T : AnswerMessage
        {
            string id = message.TextOf("id");
            _questions[id] = new Question(_now, (answer, error) => answered?.Invoke(answer as T, error));
            if (!IsReady)
            {
                Fail("not_connected", "there is no connection to the bridge", message);
            }
            else if (!IsTooLarge(message))
            {
                Send(message);
            }
        }

        private void Answer(string id, AnswerMessage answer, BridgeError error)
        {
            _askedBy.Remove(id);
            if (_questions.TryGetValue(id, out Question question))
            {
                _questions.Remove(id);
                question.Answered(answer, error);
            }
        }

        /// <summary>A question may have been lost with a connection, and its session may have gone on: then nobody will ever answer it.</summary>
        private void GiveUpQuestions()
        {
            if (IsReady && _questions.Count > 0 && _questions.Values.Any(each => _now - Math.Max(each.Since, _changedAt) > AnswerTimeoutSeconds))
            {
                LoseQuestions("the bridge did not answer within " + AnswerTimeoutSeconds + " s");
            }
        }

        private void LoseQuestions(string why)
        {
            foreach (string id in _questions.Keys.ToList())
            {
                Warn("no_answer", why);
                Answer(id, null, BridgeError.Of("no_answer", why, id));
            }
        }

        private bool IsTooLarge(WireMap message)
        {
            // Measured only when it could be: encoding twice costs more than all the rest.
            if (!message.ContainsKey("data") && !message.ContainsKey("blob") && !message.ContainsKey("values"))
            {
                return false;
            }

            string flaw = "";
            try
            {
                int size = _protocol.Write(message).Length;
                // How large a saved state may be is for the bridge to say; it takes frames of this size whatever else it takes.
                long limit = message.ContainsKey("blob") ? Math.Max(_protocol.MaxMessageBytes, WireLimits.MaxFrameBytes) : _protocol.MaxMessageBytes;
                if (size > limit)
                {
                    flaw = "the message has " + size + " bytes, the limit is " + limit;
                }
            }
            catch (WireException error)
            {
                flaw = error.Message;
            }

            if (flaw.Length > 0)
            {
                Fail("message_too_large", flaw, message);
            }

            return flaw.Length > 0;
        }

        private void Send(WireMap message)
        {
            string npc = message.TextOf("npc");
            if (npc.Length > 0 && message.ContainsKey("id"))
            {
                _askedBy[message.TextOf("id")] = npc;
            }

            MessageSent?.Invoke(message);
            if (!_transport.Send(_protocol.Write(message)))
            {
                Fail("send_failed", "a message was not sent: the connection ends, or the bridge does not read", message);
            }
        }

        /// <summary>What waits for an answer.</summary>
        private sealed class Question
        {
            public Question(double since, Action<AnswerMessage, BridgeError> answered)
            {
                Since = since;
                Answered = answered;
            }

            public double Since { get; }

            public Action<AnswerMessage, BridgeError> Answered { get; }
        }
    }
}

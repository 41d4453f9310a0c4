using System;
using System.Collections;
using NpcBridge.Core;

namespace NpcBridge
{
    /// <content>What the game asks of the NPC.</content>
    public sealed partial class NpcCharacter
    {
        /// <summary>Open the conversation, if it is not open; with an opening line the NPC begins to speak.</summary>
        public void Open()
        {
            NpcBridgeConnection bridge = _openId.Length > 0 ? null : Bridge();
            if (bridge == null)
            {
                return;
            }

            string id = ResolvedId;
            if (string.IsNullOrEmpty(character))
            {
                Report("no_character", "the NPC '" + id + "' has no character; set it in its NpcCharacter");
            }
            else if (bridge.Session.IsTaken(id))
            {
                Report("npc_taken", "two NPCs have the id '" + id + "'; set the id in their NpcCharacter");
            }
            else
            {
                _openId = id;
                bridge.Session.Open(id, OpenMessage(id, bridge.Settings.Language), Receive);
                _isDeclareDue = false;
            }
        }

        /// <summary>Leave the conversation. What the NPC remembers of it stays with the bridge.</summary>
        public void Close()
        {
            if (_openId.Length == 0)
            {
                return;
            }

            if (_bridge != null)
            {
                _bridge.Session.Leave(_openId);
            }

            _openId = "";
            LoseTurn();
            _isOpened = false;
        }

        /// <summary>
        /// Say something to the NPC. It answers with a turn, now or when its present one is over; without a connection the line waits.
        /// </summary>
        public void Say(string text)
        {
            SayAs(text, "");
        }

        /// <summary>The same in the name of another player.</summary>
        /// <returns>The line's id; empty if it was refused.</returns>
        public string SayAs(string text, string speaker)
        {
            if (string.IsNullOrWhiteSpace(text))
            {
                return "";
            }

            var measured = new TurnText();
            measured.Add(text);
            if (measured.CodePoints > WireLimits.MaxSayChars)
            {
                Report("too_long", "a line has " + measured.CodePoints + " characters, the limit is " + WireLimits.MaxSayChars);
                return "";
            }

            return IsReachable() ? _bridge.Session.Say(_openId, text, speaker) : "";
        }

        /// <summary>Let the NPC go on although the player says nothing.</summary>
        public void Continue()
        {
            if (IsReachable())
            {
                _bridge.Session.Continue(_openId);
            }
        }

        /// <summary>
        /// An authored line: the NPC says it, with its actions in parentheses as cues, without asking a model, and remembers it.
        /// </summary>
        /// <param name="text">The line.</param>
        /// <param name="speaker">Name of a player who says it instead; then there is no turn.</param>
        /// <param name="isShown">Whether the game shows the line itself: then there is no turn, it is only remembered.</param>
        /// <returns>The line's id; empty if it was refused.</returns>
        public string Line(string text, string speaker = "", bool isShown = false)
        {
            return IsReachable() ? _bridge.Session.Line(_openId, text, speaker, isShown) : "";
        }

        /// <summary>Have the NPC say its last reply again in other words. What was shown of the last one is void.</summary>
        public void Regenerate()
        {
            if (IsReachable())
            {
                _bridge.Session.Regenerate(_openId);
            }
        }

        /// <summary>
        /// Have the NPC offer several replies, 1 to 4, as one turn. They come side by side with <see cref="CandidateArrived"/>; take one
        /// with <see cref="Choose"/>.
        /// </summary>
        public void Candidates(int n)
        {
            if (IsReachable())
            {
                _bridge.Session.Candidates(_openId, n);
            }
        }

        /// <summary>
        /// Take one of the replies that <see cref="Candidates"/> brought, counted from 0; the others leave no trace. It is shown and
        /// played now as any other.
        /// </summary>
        public void Choose(int index)
        {
            if (Turn == null || Turn.PlacesOf(index) == null)
            {
                Report("no_candidate", "the NPC '" + ResolvedId + "' has offered no reply number " + index);
            }
            else if (Turn.Ended == null)
            {
                Report("not_now", "the replies of the NPC '" + ResolvedId + "' are still being written");
            }
            else if (IsReachable())
            {
                _bridge.Session.Choose(_openId, Turn.Id, index);
                Take(index);
            }
        }

        /// <summary>Stop the NPC in mid-sentence. What the player was not shown yet, the NPC will not remember having said.</summary>
        public void Interrupt()
        {
            if (Turn == null)
            {
                return;
            }

            if (_bridge != null)
            {
                _bridge.Session.SendNow(GameMessages.Interrupt(_openId, Turn.Id, ShownCodePoints));
            }

            foreach (NpcSpeechText speech in _speeches.ToArray())
            {
                speech.Cut();
            }
        }

        /// <summary>A cutscene or authored dialogue runs: the NPC stops and says nothing until <see cref="Release"/>. Events still count, lines wait.</summary>
        public void Hold()
        {
            if (IsReachable())
            {
                Interrupt();
                _bridge.Session.Hold(_openId);
            }
        }

        /// <summary>The NPC may speak again; lines that waited are answered now.</summary>
        public void Release()
        {
            if (IsReachable())
            {
                _bridge.Session.Release(_openId);
            }
        }

        /// <summary>Tell this NPC that something happened; it shows in its next reply.</summary>
        /// <returns>The event's id; empty if it was refused, or is not confirmed.</returns>
        public string Tell(string name, IDictionary data, EventOptions options = null)
        {
            return IsReachable() ? _bridge.Tell(name, data, (options ?? new EventOptions()).ForNpc(_openId)) : "";
        }

        /// <summary>Tell this NPC that something happened that needs no more words. For the inspector's events as well.</summary>
        public void Tell(string name)
        {
            Tell(name, null);
        }

        /// <summary>Something for this NPC to know in its next reply and in no other, such as a search result or the state of a quest.</summary>
        /// <param name="text">What to know, in the model's language.</param>
        /// <param name="data">Read as <c>key: value</c> lines, after the text.</param>
        /// <param name="key">Replaces a note or event with the same key that was not used yet.</param>
        /// <returns>The note's id; empty if it was refused.</returns>
        public string Note(string text, IDictionary data = null, string key = "")
        {
            return IsReachable() ? _bridge.Note(text, data, key, _openId) : "";
        }

        /// <summary>
        /// What is true now for this NPC, for the conditions in its character file: text, numbers, true or false by name; <c>null</c>
        /// takes a flag away. Flags that are not named stay.
        /// </summary>
        /// <returns>The message's id; empty if it was refused.</returns>
        public string Flags(IDictionary values)
        {
            return IsReachable() ? _bridge.Flags(values, _openId) : "";
        }

        /// <summary>
        /// Tell the bridge anew what this NPC can play and aim at: call it after you changed its Animator or clip map. Targets that come
        /// and go are declared by themselves.
        /// </summary>
        public void Declare()
        {
            if (_openId.Length > 0 && _bridge != null)
            {
                _bridge.Session.Declare(_openId, DeclaredClips(), NpcTarget.Declared());
            }
        }
    }
}

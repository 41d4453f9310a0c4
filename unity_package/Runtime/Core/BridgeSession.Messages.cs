using System;
using System.Collections.Generic;
using System.Linq;

namespace NpcBridge.Core
{
    /// <content>What the messages of the bridge mean for the session.</content>
    public sealed partial class BridgeSession
    {
        private void Read(byte[] frame)
        {
            switch (_protocol.Read(frame, out BridgeMessage message))
            {
                case Outcome.Taken:
                    MessageReceived?.Invoke(message);
                    Take(message);
                    break;
                case Outcome.Unreadable:
                    Warn("unreadable", "the bridge sent what this client cannot read: " + _protocol.Problem);
                    break;
                case Outcome.Gap:
                    Warn("messages_lost", _protocol.Problem + "; connecting again");
                    _transport.Close(1002, "messages are missing");
                    Lose(1002, _protocol.Problem);
                    break;
            }
        }

        private void Take(BridgeMessage message)
        {
            switch (message)
            {
                case Welcome welcome:
                    Greet(welcome);
                    break;
                case BridgeError error:
                    TakeError(error);
                    break;
                case AnswerMessage answer:
                    TakeAnswer(answer);
                    break;
                case Notice notice:
                    NoticeArrived?.Invoke(notice);
                    break;
                case Accepted accepted:
                    foreach (string id in accepted.Ids)
                    {
                        _askedBy.Remove(id);
                    }

                    break;
                case Closed closed when _closing.Remove(closed.Npc):
                    SendAgain(closed.Npc);
                    break;
                case NpcMessage about when !_closing.Contains(about.Npc):
                    HandOver(about.Npc, about);
                    break;
            }
        }

        private void TakeAnswer(AnswerMessage answer)
        {
            if (answer is Loaded loaded)
            {
                // What was said before belongs to the other timeline, also if the bridge never got it.
                _protocol.ForgetBefore(loaded.Id);
                Loaded?.Invoke(loaded);
            }
            else if (answer is Saved saved)
            {
                Saved?.Invoke(saved);
            }

            Answer(answer.Id, answer, null);
        }

        /// <summary>Send what waited for the end of an earlier conversation with this NPC.</summary>
        private void SendAgain(string npc)
        {
            _protocol.Unopened().FindAll(each => each.TextOf("npc") == npc).ForEach(each => SendOpen(npc, each));
            _protocol.Unaccepted().FindAll(each => each.TextOf("npc") == npc).ForEach(SendNow);
        }

        private void HandOver(string npc, BridgeMessage message)
        {
            if (_receivers.TryGetValue(npc, out Action<BridgeMessage> receiver))
            {
                receiver(message);
            }
        }

        private void Greet(Welcome welcome)
        {
            Welcome = welcome;
            _backoff.Reset();
            _askedBy.Clear();
            if (!welcome.Resumed)
            {
                LoseTurns();
                LoseQuestions("the connection to the bridge broke");
            }

            Change(SessionState.Ready, 0, "");
            if (!welcome.Resumed)
            {
                _closing.Clear();
            }

            foreach (string npc in new List<string>(_closing))
            {
                // It may have been lost with the connection before.
                Send(GameMessages.Close(npc));
            }

            foreach (WireMap open in _protocol.Unopened())
            {
                if (!_protocol.IsOpening(open.TextOf("npc")))
                {
                    SendOpen(open.TextOf("npc"), open);
                }
            }

            foreach (WireMap gather in welcome.Resumed ? new WireMap[0] : _groups.Values.ToArray())
            {
                Send(gather);
            }

            _protocol.Unaccepted().ForEach(SendNow);

            _turnsAreAtRisk = true;
        }

        private void TakeError(BridgeError error)
        {
            string npc = "";
            if (error.Re == "close")
            {
                // There was nothing to leave, and nobody to tell.
                TakeNothingToClose();
                return;
            }

            if (error.Re == "open")
            {
                npc = _protocol.RefusedOpen();
            }
            else if (_askedBy.TryGetValue(error.Re, out string asked))
            {
                npc = asked;
                _askedBy.Remove(error.Re);
            }

            _protocol.Forget(error.Re);
            Warn(error.Code, error.Message);
            if (error.Code == "unknown_npc" && _protocol.OpenOf(npc) is WireMap lost && !_protocol.IsOpening(npc))
            {
                SendOpen(npc, lost);  // the connection broke when it was opened; better late than never
            }

            Answer(error.Re, null, error);
            HandOver(npc, error);
        }

        private void TakeNothingToClose()
        {
            var npcs = new List<string>(_closing);
            _closing.Clear();
            npcs.ForEach(SendAgain);
        }
    }
}

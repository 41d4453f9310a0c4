using System.Collections.Generic;
using NpcBridge.Core;
using UnityEngine;

namespace NpcBridge
{
    /// <content>What the messages of the bridge mean for the NPC.</content>
    public sealed partial class NpcCharacter
    {
        private NpcBridgeConnection Bridge()
        {
            NpcBridgeConnection bridge = NpcBridgeConnection.Instance;
            Watch(bridge);
            return bridge;
        }

        private void Watch(NpcBridgeConnection bridge)
        {
            if (ReferenceEquals(bridge, _bridge))
            {
                return;
            }

            // The other object may be destroyed already, and its events are still there.
            if (!ReferenceEquals(_bridge, null))
            {
                _bridge.TurnsLost -= OnTurnsLost;
                _bridge.StateChanged -= OnStateChanged;
                _bridge.Loaded -= OnLoaded;
                _bridge.Holding -= OnHolding;
            }

            _bridge = bridge;
            if (!ReferenceEquals(_bridge, null))
            {
                _bridge.TurnsLost += OnTurnsLost;
                _bridge.StateChanged += OnStateChanged;
                _bridge.Loaded += OnLoaded;
                _bridge.Holding += OnHolding;
            }
        }

        private bool IsReachable()
        {
            Open();
            return _openId.Length > 0 && _bridge != null;
        }

        private WireMap OpenMessage(string id, string usualLanguage)
        {
            var player = new Player(playerName, playerId, playerDescription);
            return GameMessages.Open(
                id, character, player, DeclaredClips(), string.IsNullOrEmpty(language) ? usualLanguage : language, group, NpcTarget.Declared(),
                speakOpening, silenceSeconds);
        }

        private void Receive(BridgeMessage message)
        {
            switch (message)
            {
                case TextPiece piece when IsOf(piece):
                    TakeText(piece);
                    break;
                case Cue cue when IsOf(cue):
                    TakeCue(cue);
                    break;
                case Exit exit when Turn != null && exit.Turn == Turn.Id:
                    TakeExit(exit);
                    break;
                case TurnStarted started:
                    BeginTurn(started);
                    break;
                case TurnEnded ended when IsOf(ended):
                    EndTurn(ended);
                    break;
                case Opened opened:
                    _isOpened = true;
                    Profile = opened;
                    Opened?.Invoke(opened);
                    onOpened.Invoke();
                    break;
                case Closed _:
                    _isOpened = false;
                    break;
                case BridgeError error:
                    Complain(error.Code, error.Message);
                    break;
            }
        }

        private bool IsOf(TurnMessage message)
        {
            return IsTalking && message.Turn == Turn.Id;
        }

        private void BeginTurn(TurnStarted started)
        {
            // The bridge ends every turn, unless it ended itself in mid-turn and came back.
            LoseTurn();
            _early.Clear();
            Turn = new NpcTurn(started);
            TurnStarted?.Invoke(Turn);
            onTurnStarted.Invoke(started.Cause);
            if (!Turn.IsChoice)
            {
                ReplyBegan?.Invoke(Turn);
            }
        }

        private void TakeText(TextPiece piece)
        {
            TurnText places = Turn.PlacesOf(piece.Index);
            if (places == null)
            {
                return;
            }

            int place = places.Length;
            places.Add(piece.Text);
            if (Turn.IsChoice)
            {
                Turn.PartsOf(piece.Index).Add(piece.Text);
                CandidateArrived?.Invoke(piece.Index, piece.Text);
                return;
            }

            Pass(piece.Text, place);
        }

        private void Pass(string piece, int place)
        {
            TextArrived?.Invoke(piece, place);
            onTextArrived.Invoke(piece);
        }

        private void TakeCue(Cue wire)
        {
            if (wire.Id != 0 && _early.TryGetValue((wire.Index, wire.Id), out NpcCue known))
            {
                _early.Remove((wire.Index, wire.Id));
                known.Wire = wire;
                (known.State == "withdrawn" ? CueWithdrawn : CueConfirmed)?.Invoke(known);
                return;
            }

            TurnText places = Turn.PlacesOf(wire.Index);
            if (wire.State == "withdrawn" || places == null)
            {
                return;
            }

            var cue = new NpcCue(wire, places.IndexOf(wire.At));
            if (wire.State == "provisional")
            {
                _early[(wire.Index, wire.Id)] = cue;
            }

            if (cue.IsThinking)
            {
                // Whoever still speaks need not be seen thinking.
                if (!_speeches.Exists(each => each.IsBusyBefore(Turn.Id)))
                {
                    ThinkingStarted?.Invoke(cue);
                }

                return;
            }

            if (Turn.IsChoice)
            {
                Turn.PartsOf(wire.Index).Add(cue);
                return;
            }

            Pass(cue);
        }

        private void Pass(NpcCue cue)
        {
            CueArrived?.Invoke(cue);
            if (_speeches.Count == 0)
            {
                Reach(cue);
            }
        }

        /// <summary>Let a chosen reply come in as any other would have.</summary>
        private void Take(int index)
        {
            List<object> parts = Turn.PartsOf(index);
            Turn.Choose(index);
            ReplyBegan?.Invoke(Turn);
            int place = 0;
            foreach (object part in parts)
            {
                if (part is string piece)
                {
                    Pass(piece, place);
                    place += piece.Length;
                }
                else if (part is NpcCue cue && cue.State != "withdrawn")
                {
                    Pass(cue);
                }
            }

            ReplyEnded?.Invoke(Turn);
        }

        private void TakeExit(Exit exit)
        {
            NpcSpeechText speech = _speeches.Find(each => each.ShownOf(exit.Turn) >= 0);
            if (speech == null || !speech.TakeExit(exit))
            {
                ReachExit(exit.Name);
            }
        }

        private void EndTurn(TurnEnded ended)
        {
            Turn.Ended = ended;
            if (!Turn.IsChoice)
            {
                ReplyEnded?.Invoke(Turn);
            }

            TurnEnded?.Invoke(Turn);
            onTurnEnded.Invoke(ended.Reason);
            if (ended.Reason == "failed")
            {
                Report(ended.Code, "the NPC '" + ResolvedId + "' could not reply: " + ended.Message);
            }
        }

        private void OnStateChanged(SessionState state, int code, string reason)
        {
            if (state == SessionState.Ready && !_bridge.Welcome.Resumed)
            {
                _isOpened = false;  // until the bridge has opened it again
            }
        }

        private void OnTurnsLost()
        {
            LoseTurn();
        }

        private void OnLoaded(Loaded loaded)
        {
            // What is under way, or on the screen, belongs to the other timeline.
            LoseTurn("loaded");
            foreach (NpcSpeechText speech in _speeches.ToArray())
            {
                speech.Clear();
            }

            _early.Clear();
            Turn = null;
            Rewound?.Invoke();
        }

        private void OnHolding(string held)
        {
            if (held.Length == 0 || held == group || (Turn != null && held == Turn.Started.Group))
            {
                Interrupt();
            }
        }

        private void TargetsChanged()
        {
            _isDeclareDue = true;
        }

        private void LoseTurn(string reason = "lost")
        {
            if (IsTalking)
            {
                EndTurn(Core.TurnEnded.Lost(ResolvedId, Turn.Id, Turn.Places.CodePoints, reason));
            }
        }

        private void Report(string code, string text)
        {
            Debug.LogWarning("NPC Bridge: " + text + " (" + code + ")", this);
            Complain(code, text);
        }

        private void Complain(string code, string text)
        {
            Failed?.Invoke(code, text);
            onFailed.Invoke(code, text);
        }
    }
}

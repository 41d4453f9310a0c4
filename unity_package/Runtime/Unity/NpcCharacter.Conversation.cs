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
                _bridge.Loaded -= OnLoaded;
                _bridge.Holding -= OnHolding;
            }

            _bridge = bridge;
            if (!ReferenceEquals(_bridge, null))
            {
                _bridge.TurnsLost += OnTurnsLost;
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
                    IsOpen = true;
                    Profile = opened;
                    Opened?.Invoke(opened);
                    onOpened.Invoke();
                    break;
                case Closed _:
                    IsOpen = false;
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
                CandidateArrived?.Invoke(piece.Index, piece.Text);
                return;
            }

            TextArrived?.Invoke(piece.Text, place);
            onTextArrived.Invoke(piece.Text);
        }

        private void TakeCue(Cue wire)
        {
            if (wire.Id != 0 && _early.TryGetValue((wire.Index, wire.Id), out NpcCue known))
            {
                _early.Remove((wire.Index, wire.Id));
                known.Settle(wire);
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

            CueArrived?.Invoke(cue);
            bool isNow = cue.IsThinking ? !_speeches.Exists(each => each.IsBusyBefore(Turn.Id)) : _speeches.Count == 0;
            if (isNow && !Turn.IsChoice)
            {
                Reach(cue);
            }
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
            TurnEnded?.Invoke(Turn);
            onTurnEnded.Invoke(ended.Reason);
            if (ended.Reason == "failed")
            {
                Report(ended.Code, "the NPC '" + ResolvedId + "' could not reply: " + ended.Message);
            }
        }

        private void OnTurnsLost()
        {
            IsOpen = false;
            LoseTurn();
        }

        private void OnLoaded(Loaded loaded)
        {
            // What is under way, or on the screen, belongs to the other timeline.
            LoseTurn();
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
            if (held.Length == 0 || held == group)
            {
                Interrupt();
            }
        }

        private void TargetsChanged()
        {
            _isDeclareDue = true;
        }

        private void LoseTurn()
        {
            if (IsTalking)
            {
                EndTurn(Core.TurnEnded.Lost(ResolvedId, Turn.Id, Turn.Places.CodePoints));
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

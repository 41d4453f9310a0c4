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
            if (bridge != _bridge)
            {
                if (_bridge != null)
                {
                    _bridge.TurnsLost -= OnTurnsLost;
                }

                _bridge = bridge;
                if (_bridge != null)
                {
                    _bridge.TurnsLost += OnTurnsLost;
                }
            }

            return _bridge;
        }

        private bool IsReachable()
        {
            Open();
            return _openId.Length > 0 && _bridge != null;
        }

        private WireMap OpenMessage(string id, string usualLanguage)
        {
            var player = new Player(playerName, playerId, playerDescription);
            return GameMessages.Open(id, character, player, DeclaredClips(), string.IsNullOrEmpty(language) ? usualLanguage : language, group);
        }

        private void Receive(BridgeMessage message)
        {
            switch (message)
            {
                case TextPiece piece when IsOf(piece):
                    TakeText(piece);
                    break;
                case Cue cue when IsOf(cue):
                    TakeCue(new NpcCue(cue, Turn.Places.IndexOf(cue.At)));
                    break;
                case TurnStarted started:
                    Turn = new NpcTurn(started);
                    TurnStarted?.Invoke(Turn);
                    onTurnStarted.Invoke(started.Cause);
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

        private void TakeText(TextPiece piece)
        {
            int place = Turn.Places.Length;
            Turn.Places.Add(piece.Text);
            TextArrived?.Invoke(piece.Text, place);
            onTextArrived.Invoke(piece.Text);
        }

        private void TakeCue(NpcCue cue)
        {
            CueArrived?.Invoke(cue);
            if (_speeches.Count == 0)
            {
                Reach(cue);
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

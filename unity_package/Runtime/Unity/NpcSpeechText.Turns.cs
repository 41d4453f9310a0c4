using System.Collections.Generic;

namespace NpcBridge
{
    /// <content>What comes in of the NPC's turns, and waits until it can be shown.</content>
    public sealed partial class NpcSpeechText
    {
        private void TakeTurn(NpcTurn turn)
        {
            if (turn.Id == _turn)
            {
                // A bridge that could not go on where the connection broke tells the turn again from its beginning.
                int known = _typewriter.ShownCodePoints;
                Begin(turn.Id);
                _typewriter.Clear(known);
                return;
            }

            if (ShownOf(turn.Started.Replaces) >= 0)
            {
                Clear();
            }

            if (IsTyping || (_turn.Length > 0 && _restSeconds < holdBetweenTurns) || _waiting.Count > 0)
            {
                _newest = new WaitingTurn(turn.Id);
                _waiting.Enqueue(_newest);
            }
            else
            {
                _newest = null;
                Begin(turn.Id);
            }
        }

        private void TakeText(string piece, int place)
        {
            Take(piece);
        }

        private void TakeBack(NpcCue cue)
        {
            _newest?.Parts.Remove(cue);
            if (_typewriter.RemoveCue(cue.Placed))
            {
                FinishIfDone();
            }
        }

        private void Take(object part)
        {
            if (_newest != null)
            {
                _newest.Parts.Add(part);
            }
            else if (_turn.Length > 0 && !_isCut && character.Turn.Id == _turn)
            {
                Add(part);
            }
        }

        private void TakeEnd(NpcTurn turn)
        {
            if (turn.Id == _turn)
            {
                if (turn.Ended.Reason == "interrupted")
                {
                    Cut();
                }
                else
                {
                    _typewriter.Complete();
                }
            }
            else if (_newest != null && _newest.Id == turn.Id)
            {
                _newest.IsComplete = true;
            }
        }

        private void Join()
        {
            if (character != null && isActiveAndEnabled)
            {
                Part();
                character.Attach(this);
                character.ReplyBegan += TakeTurn;
                character.TextArrived += TakeText;
                character.CueArrived += Take;
                character.CueWithdrawn += TakeBack;
                character.ReplyEnded += TakeEnd;
            }
        }

        private void Part()
        {
            if (character != null)
            {
                character.Detach(this);
                character.ReplyBegan -= TakeTurn;
                character.TextArrived -= TakeText;
                character.CueArrived -= Take;
                character.CueWithdrawn -= TakeBack;
                character.ReplyEnded -= TakeEnd;
            }
        }

        /// <summary>A reply that came in while the one before is still being shown.</summary>
        private sealed class WaitingTurn
        {
            public WaitingTurn(string id)
            {
                Id = id;
            }

            public string Id { get; }

            public List<object> Parts { get; } = new List<object>();

            public bool IsComplete { get; set; }
        }
    }
}

using System;
using System.Collections.Generic;
using NpcBridge.Core;

namespace NpcBridge.Editor
{
    /// <summary>What the window shows of a connection: the last messages, notes and figures of turns, and actions that no clip fits.</summary>
    internal sealed class Watch : IDisposable
    {
        private const int MaxLines = 200;

        private readonly NpcBridgeConnection _bridge;

        public Watch(NpcBridgeConnection bridge)
        {
            _bridge = bridge;
            bridge.MessageReceived += Take;
            bridge.MessageSent += TakeSent;
            bridge.Failed += TakeFailure;
        }

        /// <summary>Messages both ways, the newest last.</summary>
        public List<string> Messages { get; } = new List<string>();

        /// <summary>Turns with their notes and figures, the newest last.</summary>
        public List<string> Turns { get; } = new List<string>();

        /// <summary>Actions that no clip fits, and how often each was written.</summary>
        public SortedDictionary<string, int> Unmapped { get; } = new SortedDictionary<string, int>(StringComparer.Ordinal);

        public bool IsOf(NpcBridgeConnection bridge)
        {
            return ReferenceEquals(_bridge, bridge);
        }

        public void Dispose()
        {
            _bridge.MessageReceived -= Take;
            _bridge.MessageSent -= TakeSent;
            _bridge.Failed -= TakeFailure;
        }

        private static void Add(List<string> lines, string line)
        {
            lines.Add(line);
            if (lines.Count > MaxLines)
            {
                lines.RemoveAt(0);
            }
        }

        private void TakeSent(WireMap message)
        {
            Add(Messages, "→ " + message.TextOf("type") + " " + message.TextOf("npc") + " " + message.TextOf("name") + message.TextOf("text"));
        }

        private void TakeFailure(string code, string text)
        {
            Add(Messages, "! " + code + ": " + text);
        }

        private void Take(BridgeMessage message)
        {
            switch (message)
            {
                case TextPiece piece:
                    Add(Messages, "← text " + piece.Npc + " @" + piece.At + " " + piece.Text);
                    break;
                case Cue cue:
                    Add(Messages, "← cue " + cue.Npc + " @" + cue.At + " " + cue.Clip + " (" + cue.Action + ")");
                    if (cue.Clip.Length == 0)
                    {
                        Unmapped.TryGetValue(cue.Action, out int count);
                        Unmapped[cue.Action] = count + 1;
                    }

                    break;
                case TurnStarted started:
                    Add(Messages, "← turn_started " + started.Npc + " " + started.Cause);
                    Add(Turns, started.Turn + " " + started.Npc + " " + started.Cause + (started.Note.Length > 0 ? "\n" + started.Note : ""));
                    break;
                case TurnEnded ended:
                    Add(Messages, "← turn_ended " + ended.Npc + " " + ended.Reason);
                    Add(Turns, ended.Turn + " " + ended.Reason + ", " + Figures(ended));
                    break;
                default:
                    Add(Messages, "← " + message.Type + (message is NpcMessage about ? " " + about.Npc : ""));
                    break;
            }
        }

        private static string Figures(TurnEnded ended)
        {
            string line = "first text " + Known(ended.FirstTextMs) + " ms, all " + Known(ended.TotalMs) + " ms, prompt " + Known(ended.PromptTokens)
                + " tokens, " + Known(ended.CachedTokens) + " of them cached, reply " + Known(ended.CompletionTokens);
            return ended.Code.Length > 0 ? line + "; " + ended.Code + ": " + ended.Message : line;
        }

        private static string Known(double figure)
        {
            return figure < 0 ? "?" : Math.Round(figure).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
    }
}

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using NpcBridge.Core;

namespace NpcBridge.Editor
{
    /// <summary>What the window shows of a connection: the last messages, notes and figures of turns, and actions that no clip fits.</summary>
    internal sealed class Watch : IDisposable
    {
        private const int MaxLines = 200;
        private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

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

        /// <summary>What the bridge has counted of them over all sessions, with the clips it suggests; empty until <see cref="Ask"/> was answered.</summary>
        public IReadOnlyList<UnmappedAction> Suggested { get; private set; } = new UnmappedAction[0];

        /// <summary>Turns, tokens, money, model servers and budgets, as the bridge counts them.</summary>
        public List<string> Figures { get; } = new List<string>();

        /// <summary>Whether something was said since the bridge was asked for what it counts.</summary>
        public bool IsStale { get; private set; } = true;

        /// <summary>Ask the bridge for what it counts.</summary>
        public void Ask()
        {
            if (_bridge.IsReady)
            {
                IsStale = false;
                _bridge.Stats(TakeStats);
            }
        }

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
                    Add(Messages, "← cue " + Shown(cue));
                    if (cue.Clip.Length == 0 && !cue.IsThinking)
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
                    IsStale = true;
                    Add(Messages, "← turn_ended " + ended.Npc + " " + ended.Reason);
                    Add(Turns, ended.Turn + " " + ended.Reason + ", " + FiguresOf(ended));
                    break;
                default:
                    Add(Messages, "← " + message.Type + (message is NpcMessage about ? " " + about.Npc : ""));
                    break;
            }
        }

        private void TakeStats(Stats stats, BridgeError error)
        {
            Figures.Clear();
            if (stats == null)
            {
                Figures.Add(error.Message);
                return;
            }

            Suggested = stats.Unmapped;
            var maps = new[] { stats.Session }.Concat(stats.Characters).Concat(stats.Players).Concat(stats.Backends).Concat(stats.Budgets);
            Figures.AddRange(maps.Select(map => string.Join(", ", map.Select(each => each.Key + " " + Convert.ToString(each.Value, Invariant)))));
        }

        private static string Shown(Cue cue)
        {
            return cue.Npc + " @" + cue.At + " " + cue.Clip + " (" + cue.Action + ")" + (cue.Target.Length > 0 ? " → " + cue.Target : "")
                + (cue.State == "final" ? "" : " " + cue.State) + (cue.Score < 0 ? "" : " " + cue.Reason + " " + cue.Score.ToString("0.00", Invariant));
        }

        private static string FiguresOf(TurnEnded ended)
        {
            string line = "first text " + Known(ended.FirstTextMs) + " ms, all " + Known(ended.TotalMs) + " ms, prompt " + Known(ended.PromptTokens)
                + " tokens, " + Known(ended.CachedTokens) + " of them cached, reply " + Known(ended.CompletionTokens);
            line += ended.Backend.Length > 0 ? ", by " + ended.Backend : "";
            line += ended.CostUsd < 0 ? "" : ", " + ended.CostUsd.ToString("0.######", Invariant) + " USD";
            return ended.Code.Length > 0 ? line + "; " + ended.Code + ": " + ended.Message : line;
        }

        private static string Known(double figure)
        {
            return figure < 0 ? "?" : Math.Round(figure).ToString(Invariant);
        }
    }
}

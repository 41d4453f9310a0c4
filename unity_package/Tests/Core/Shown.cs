using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace NpcBridge.Core.Tests
{
    /// <summary>A message of the bridge with all its fields in one line, so that whole messages can be compared.</summary>
    internal static class Shown
    {
        public static string Of(BridgeMessage message)
        {
            return message.Seq + " " + message.Type + Line(Fields(message));
        }

        private static object[] Fields(BridgeMessage message)
        {
            switch (message)
            {
                case Welcome m: return new object[] { m.Protocol, m.Session, m.Resumed, m.Server, m.Backend, m.Model, m.MaxMessageBytes, Join(m.Characters), Join(m.Npcs), m.Timeline };
                case Opened m: return new object[] { m.Npc, m.Character, m.Name, m.Language, m.Opening, m.Remembered, m.LastLine };
                case Accepted m: return new object[] { Join(m.Ids) };
                case TurnStarted m: return new object[] { m.Npc, m.Turn, m.Cause, Join(m.Answers), m.Note, m.Replaces, m.N, m.Group };
                case TextPiece m: return new object[] { m.Npc, m.Turn, m.At, m.Text, m.Index };
                case Cue m:
                    return new object[] { m.Npc, m.Turn, m.At, m.Clip, m.Action, m.Target, m.Score, m.Reason, m.State, m.Id, m.Index };
                case Exit m: return new object[] { m.Npc, m.Turn, m.Name, m.At };
                case TurnEnded m:
                    return new object[]
                    {
                        m.Npc, m.Turn, m.Reason, m.Chars, m.PromptTokens, m.CachedTokens, m.CompletionTokens, m.FirstTextMs, m.TotalMs, m.Code,
                        m.Message, m.Retry, m.Backend, m.CostUsd, m.SpentUsd,
                    };
                case Saved m: return new object[] { m.Id, m.Slot, Convert.ToBase64String(m.Blob) };
                case Loaded m: return new object[] { m.Id, m.Slot, Join(m.Npcs), m.Timeline };
                case Forgotten m: return new object[] { m.Id, m.Conversations, m.Lines, m.Events, m.Slots };
                case Gathered m: return new object[] { m.Id, m.Group, Join(m.Npcs) };
                case Dispersed m: return new object[] { m.Id, m.Group };
                case Notice m: return new object[] { m.Code, m.Message, m.Npc, m.Player };
                case Stats m:
                    var lists = new[] { m.Characters, m.Players, m.Backends, m.Budgets }.Select(each => Golden.Show(each.ToList<object>()));
                    var unmapped = m.Unmapped.Select(each => each.Character + ":" + each.Action + ":" + each.Count + ":" + Join(each.Suggestions));
                    return new object[] { m.Id, Golden.Show(m.Session), string.Concat(lists), Join(unmapped) };
                case Closed m: return new object[] { m.Npc };
                case BridgeError m: return new object[] { m.Code, m.Message, m.Retry, m.Re };
                default: throw new ArgumentException(message.Type);
            }
        }

        private static string Join(IEnumerable<string> texts)
        {
            return string.Join(",", texts);
        }

        private static string Line(object[] fields)
        {
            string line = "";
            foreach (object field in fields)
            {
                line += " " + Convert.ToString(field, CultureInfo.InvariantCulture);
            }

            return line;
        }
    }
}

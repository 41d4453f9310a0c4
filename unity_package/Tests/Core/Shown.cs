using System;
using System.Globalization;

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
                case Welcome m: return new object[] { m.Protocol, m.Session, m.Resumed, m.Server, m.Backend, m.Model, m.MaxMessageBytes };
                case Opened m: return new object[] { m.Npc, m.Character, m.Name, m.Language, m.Opening };
                case Accepted m: return new object[] { string.Join(",", m.Ids) };
                case TurnStarted m: return new object[] { m.Npc, m.Turn, m.Cause, string.Join(",", m.Answers), m.Note };
                case TextPiece m: return new object[] { m.Npc, m.Turn, m.At, m.Text };
                case Cue m: return new object[] { m.Npc, m.Turn, m.At, m.Clip, m.Action };
                case TurnEnded m:
                    return new object[]
                    {
                        m.Npc, m.Turn, m.Reason, m.Chars, m.PromptTokens, m.CachedTokens, m.CompletionTokens, m.FirstTextMs, m.TotalMs, m.Code,
                        m.Message, m.Retry,
                    };
                case Saved m: return new object[] { m.Id, m.Slot, Convert.ToBase64String(m.Blob) };
                case Loaded m: return new object[] { m.Id, m.Slot };
                case Closed m: return new object[] { m.Npc };
                case BridgeError m: return new object[] { m.Code, m.Message, m.Retry, m.Re };
                default: throw new ArgumentException(message.Type);
            }
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

using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace NpcBridge.Core
{
    /// <summary>Messages as compact JSON, one in a text frame; binary is base64 text. Holds no state; may be used from several threads.</summary>
    public sealed class JsonCodec : ICodec
    {
        /// <inheritdoc/>
        public string Subprotocol => "npc-bridge.v1.json";

        /// <inheritdoc/>
        public bool IsBinary => false;

        /// <inheritdoc/>
        public byte[] Encode(WireMap message)
        {
            var text = new StringBuilder(256);
            Write(text, message, 1);
            return WireLimits.LenientUtf8.GetBytes(text.ToString());
        }

        /// <inheritdoc/>
        public WireMap Decode(byte[] frame, int maxBytes)
        {
            WireLimits.CheckSize(frame, maxBytes);
            var found = new JsonReader(WireLimits.TextOf(frame, 0, frame.Length)).ReadAll();
            if (!(found is WireMap map))
            {
                throw new WireException("the message is not a map");
            }

            string type = map.TextOf("type");
            if ((type == "saved" || type == "load") && map["blob"] is string blob)
            {
                map["blob"] = FromBase64(blob);
            }

            return map;
        }

        /// <summary>A value as JSON text.</summary>
        internal static string TextOf(object value)
        {
            var text = new StringBuilder();
            Write(text, value, 1);
            return text.ToString();
        }

        private static byte[] FromBase64(string blob)
        {
            try
            {
                foreach (char letter in blob)
                {
                    // .NET skips white space in base64; the bridge does not.
                    if (char.IsWhiteSpace(letter))
                    {
                        throw new WireException("field 'blob' is not base64 text");
                    }
                }

                return Convert.FromBase64String(blob);
            }
            catch (FormatException)
            {
                throw new WireException("field 'blob' is not base64 text");
            }
        }

        private static void Write(StringBuilder text, object value, int depth)
        {
            switch (Plain.Scalar(value))
            {
                case null:
                    text.Append("null");
                    break;
                case bool flag:
                    text.Append(flag ? "true" : "false");
                    break;
                case string words:
                    WriteText(text, words);
                    break;
                case long whole:
                    text.Append(whole.ToString(CultureInfo.InvariantCulture));
                    break;
                case ulong large:
                    text.Append(large.ToString(CultureInfo.InvariantCulture));
                    break;
                case double number:
                    WriteNumber(text, number);
                    break;
                case byte[] octets:
                    text.Append('"').Append(Convert.ToBase64String(octets)).Append('"');
                    break;
                case WireMap map:
                    WriteMap(text, map, depth);
                    break;
                case IList list:
                    WriteList(text, list, depth);
                    break;
                default:
                    throw new WireException(value.GetType().Name + " has no place in a message");
            }
        }

        private static void WriteMap(StringBuilder text, WireMap map, int depth)
        {
            CheckDepth(depth);
            text.Append('{');
            string comma = "";
            foreach (var entry in map)
            {
                text.Append(comma);
                comma = ",";
                WriteText(text, entry.Key);
                text.Append(':');
                Write(text, entry.Value, depth + 1);
            }

            text.Append('}');
        }

        private static void WriteList(StringBuilder text, IList list, int depth)
        {
            CheckDepth(depth);
            text.Append('[');
            for (int i = 0; i < list.Count; i++)
            {
                if (i > 0)
                {
                    text.Append(',');
                }

                Write(text, list[i], depth + 1);
            }

            text.Append(']');
        }

        private static void CheckDepth(int depth)
        {
            if (depth > WireLimits.MaxDepth)
            {
                throw new WireException("the message is nested deeper than " + WireLimits.MaxDepth + " levels");
            }
        }

        private static void WriteNumber(StringBuilder text, double number)
        {
            string digits = number.ToString("R", CultureInfo.InvariantCulture).ToLowerInvariant();
            text.Append(digits);
            // Otherwise a double that happens to be whole would come back as another type.
            if (digits.IndexOfAny(PointOrExponent) < 0)
            {
                text.Append(".0");
            }
        }

        private static readonly char[] PointOrExponent = { '.', 'e' };

        private static void WriteText(StringBuilder text, string words)
        {
            text.Append('"');
            foreach (char letter in words)
            {
                switch (letter)
                {
                    case '"': text.Append("\\\""); break;
                    case '\\': text.Append("\\\\"); break;
                    case '\b': text.Append("\\b"); break;
                    case '\f': text.Append("\\f"); break;
                    case '\n': text.Append("\\n"); break;
                    case '\r': text.Append("\\r"); break;
                    case '\t': text.Append("\\t"); break;
                    default:
                        if (letter < 0x20)
                        {
                            text.Append("\\u").Append(((int)letter).ToString("x4", CultureInfo.InvariantCulture));
                        }
                        else
                        {
                            text.Append(letter);
                        }

                        break;
                }
            }

            text.Append('"');
        }
    }
}

using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;

namespace NpcBridge.Core
{
    /// <summary>Messages as msgpack, one in a binary frame. Holds no state; may be used from several threads.</summary>
    /// <remarks>
    /// Every length is checked against the bytes that are left before anything is made of it, so that no message costs more memory than
    /// a small multiple of its size. Extensions have no meaning on this wire and are refused.
    /// </remarks>
    public sealed class MsgpackCodec : ICodec
    {
        /// <inheritdoc/>
        public string Subprotocol => "npc-bridge.v1.msgpack";

        /// <inheritdoc/>
        public bool IsBinary => true;

        /// <inheritdoc/>
        public byte[] Encode(WireMap message)
        {
            using (var stream = new MemoryStream(256))
            {
                new Writer(stream).WriteMap(message, 1);
                return stream.ToArray();
            }
        }

        /// <inheritdoc/>
        public WireMap Decode(byte[] frame, int maxBytes)
        {
            WireLimits.CheckSize(frame, maxBytes);
            var reader = new Reader(frame);
            object found = reader.Read(1);
            if (reader.Left > 0)
            {
                throw new WireException("the message has " + reader.Left + " bytes after its end");
            }

            if (!(found is WireMap map))
            {
                throw new WireException("the message is not a map");
            }

            foreach (var field in map)
            {
                if (field.Value is byte[] && field.Key != "blob")
                {
                    throw new WireException("the message holds binary where only text can be");
                }
            }

            return map;
        }

        private sealed class Writer
        {
            private readonly Stream _stream;

            public Writer(Stream stream)
            {
                _stream = stream;
            }

            public void WriteMap(WireMap map, int depth)
            {
                CheckDepth(depth);
                Head(map.Count, 0x80, 15, 0xde, 0xdf);
                foreach (var entry in map)
                {
                    Text(entry.Key);
                    Write(entry.Value, depth + 1);
                }
            }

            private static void CheckDepth(int depth)
            {
                if (depth > WireLimits.MaxDepth)
                {
                    throw new WireException("the message is nested deeper than " + WireLimits.MaxDepth + " levels");
                }
            }

            private void Write(object value, int depth)
            {
                switch (Plain.Scalar(value))
                {
                    case null:
                        Byte(0xc0);
                        break;
                    case bool flag:
                        Byte(flag ? 0xc3 : 0xc2);
                        break;
                    case string text:
                        Text(text);
                        break;
                    case long whole:
                        Whole(whole);
                        break;
                    case ulong large:
                        Byte(0xcf);
                        BigEndian(large, 8);
                        break;
                    case double number:
                        Byte(0xcb);
                        BigEndian(unchecked((ulong)BitConverter.DoubleToInt64Bits(number)), 8);
                        break;
                    case byte[] octets:
                        Binary(octets);
                        break;
                    case WireMap map:
                        WriteMap(map, depth);
                        break;
                    case IList list:
                        List(list, depth);
                        break;
                    default:
                        throw new WireException(value.GetType().Name + " has no place in a message");
                }
            }

            private void List(IList list, int depth)
            {
                CheckDepth(depth);
                Head(list.Count, 0x90, 15, 0xdc, 0xdd);
                foreach (object item in list)
                {
                    Write(item, depth + 1);
                }
            }

            private void Head(int count, int small, int smallMost, int two, int four)
            {
                if (count <= smallMost)
                {
                    Byte(small | count);
                }
                else if (count <= 0xffff)
                {
                    Byte(two);
                    BigEndian((ulong)count, 2);
                }
                else
                {
                    Byte(four);
                    BigEndian((ulong)count, 4);
                }
            }

            private void Text(string text)
            {
                byte[] octets = WireLimits.LenientUtf8.GetBytes(text);
                if (octets.Length > 31 && octets.Length <= 0xff)
                {
                    Byte(0xd9);
                    Byte(octets.Length);
                }
                else
                {
                    Head(octets.Length, 0xa0, 31, 0xda, 0xdb);
                }

                _stream.Write(octets, 0, octets.Length);
            }

            private void Binary(byte[] octets)
            {
                if (octets.Length <= 0xff)
                {
                    Byte(0xc4);
                    Byte(octets.Length);
                }
                else
                {
                    Head(octets.Length, 0, -1, 0xc5, 0xc6);
                }

                _stream.Write(octets, 0, octets.Length);
            }

            private void Whole(long value)
            {
                if (value >= -32 && value <= 127)
                {
                    Byte((byte)value);
                }
                else if (value > 0)
                {
                    int power = value <= 0xff ? 0 : value <= 0xffff ? 1 : value <= 0xffffffffL ? 2 : 3;
                    Byte(0xcc + power);
                    BigEndian((ulong)value, 1 << power);
                }
                else
                {
                    int power = value >= sbyte.MinValue ? 0 : value >= short.MinValue ? 1 : value >= int.MinValue ? 2 : 3;
                    Byte(0xd0 + power);
                    BigEndian(unchecked((ulong)value), 1 << power);
                }
            }

            private void BigEndian(ulong value, int width)
            {
                for (int shift = (width - 1) * 8; shift >= 0; shift -= 8)
                {
                    Byte((byte)(value >> shift));
                }
            }

            private void Byte(int value)
            {
                _stream.WriteByte((byte)value);
            }
        }

        private sealed class Reader
        {
            private readonly byte[] _octets;
            private int _place;
            private int _containers;

            public Reader(byte[] octets)
            {
                _octets = octets;
            }

            public int Left => _octets.Length - _place;

            public object Read(int depth)
            {
                int head = (int)BigEndian(1);
                if (head <= 0x7f)
                {
                    return (long)head;
                }

                if (head <= 0x8f)
                {
                    return Map(head & 0x0f, depth);
                }

                if (head <= 0x9f)
                {
                    return List(head & 0x0f, depth);
                }

                if (head <= 0xbf)
                {
                    return Text(head & 0x1f);
                }

                return head >= 0xe0 ? (long)(sbyte)head : ReadLong(head, depth);
            }

            private object ReadLong(int head, int depth)
            {
                switch (head)
                {
                    case 0xc0: return null;
                    case 0xc2: return false;
                    case 0xc3: return true;
                    case 0xc4: return Binary(Count(1));
                    case 0xc5: return Binary(Count(2));
                    case 0xc6: return Binary(Count(4));
                    case 0xca: return Finite(BitConverter.ToSingle(BitConverter.GetBytes((uint)BigEndian(4)), 0));
                    case 0xcb: return Finite(BitConverter.Int64BitsToDouble(unchecked((long)BigEndian(8))));
                    case 0xcc: return (long)BigEndian(1);
                    case 0xcd: return (long)BigEndian(2);
                    case 0xce: return (long)BigEndian(4);
                    case 0xcf: return Unsigned(BigEndian(8));
                    case 0xd0: return (long)unchecked((sbyte)BigEndian(1));
                    case 0xd1: return (long)unchecked((short)BigEndian(2));
                    case 0xd2: return (long)unchecked((int)BigEndian(4));
                    case 0xd3: return unchecked((long)BigEndian(8));
                    case 0xd9: return Text(Count(1));
                    case 0xda: return Text(Count(2));
                    case 0xdb: return Text(Count(4));
                    case 0xdc: return List(Count(2), depth);
                    case 0xdd: return List(Count(4), depth);
                    case 0xde: return Map(Count(2), depth);
                    case 0xdf: return Map(Count(4), depth);
                    case 0xc1: throw new WireException("the message is not valid msgpack");
                    default: throw new WireException("the message holds a msgpack extension, and extensions have no meaning here");
                }
            }

            private static object Unsigned(ulong value)
            {
                return value <= long.MaxValue ? (long)value : (object)value;
            }

            private static object Finite(double number)
            {
                if (double.IsNaN(number) || double.IsInfinity(number))
                {
                    throw new WireException("the message holds a number that is not finite");
                }

                return number;
            }

            private void Need(int count)
            {
                if (count > Left)
                {
                    throw new WireException("the message is cut short");
                }
            }

            private int Count(int width)
            {
                ulong count = BigEndian(width);
                if (count > (ulong)Left)
                {
                    throw new WireException("the message is cut short");
                }

                return (int)count;
            }

            private ulong BigEndian(int width)
            {
                Need(width);
                ulong value = 0;
                for (int i = 0; i < width; i++)
                {
                    value = (value << 8) | _octets[_place++];
                }

                return value;
            }

            private void Enter(int depth)
            {
                if (depth > WireLimits.MaxDepth)
                {
                    throw new WireException("the message is nested deeper than " + WireLimits.MaxDepth + " levels");
                }

                if (++_containers > WireLimits.MaxContainers)
                {
                    throw new WireException("the message holds more than " + WireLimits.MaxContainers + " maps and lists");
                }
            }

            private WireMap Map(int count, int depth)
            {
                Enter(depth);
                Need(count);
                var map = new WireMap();
                for (int i = 0; i < count; i++)
                {
                    if (!(Read(depth + 1) is string key))
                    {
                        throw new WireException("the message holds a map with a key that is not text");
                    }

                    object value = Read(depth + 1);
                    if (depth > 1 && value is byte[])
                    {
                        throw new WireException("the message holds binary where only text can be");
                    }

                    map.Add(key, value);
                }

                return map;
            }

            private List<object> List(int count, int depth)
            {
                Enter(depth);
                Need(count);
                var list = new List<object>(count);
                for (int i = 0; i < count; i++)
                {
                    object value = Read(depth + 1);
                    list.Add(value is byte[] ? throw new WireException("the message holds binary where only text can be") : value);
                }

                return list;
            }

            private string Text(int count)
            {
                Need(count);
                string text = WireLimits.TextOf(_octets, _place, count);
                _place += count;
                return text;
            }

            private byte[] Binary(int count)
            {
                Need(count);
                var octets = new byte[count];
                Buffer.BlockCopy(_octets, _place, octets, 0, count);
                _place += count;
                return octets;
            }
        }
    }
}

using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using NUnit.Framework;

namespace NpcBridge.Core.Tests
{
    public sealed class CodecTests
    {
        private static readonly ICodec[] Codecs = { new MsgpackCodec(), new JsonCodec() };

        private static readonly WireMap Everything = new WireMap
        {
            { "type", "event" },
            { "text", "Grüße, 你好 👋🏽 𝄞" },
            { "whole", 70000L },
            { "negative", -70000L },
            { "large", ulong.MaxValue },
            { "small", long.MinValue },
            { "number", 0.1 },
            { "flag", true },
            { "nothing", null },
            { "list", new List<object> { 1L, "two", new WireMap { { "three", 3.5 } }, new List<object>() } },
            { "map", new WireMap { { "a", "b" }, { "", false } } },
            { "long", new string('x', 70000) },
        };

        [Test]
        public void EveryKindOfValueComesBackTheSame([ValueSource(nameof(Codecs))] ICodec codec)
        {
            WireMap again = codec.Decode(codec.Encode(Everything), 1 << 20);
            Assert.That(Golden.Show(again), Is.EqualTo(Golden.Show(Everything)));
        }

        [Test]
        public void BinaryComesBackTheSame([ValueSource(nameof(Codecs))] ICodec codec)
        {
            foreach (int size in new[] { 0, 1, 255, 256, 65536 })
            {
                var blob = new byte[size];
                new Random(size).NextBytes(blob);
                WireMap again = codec.Decode(codec.Encode(new WireMap { { "type", "load" }, { "blob", blob } }), 1 << 20);
                Assert.That(again["blob"], Is.EqualTo(blob));
            }
        }

        [Test]
        public void EveryCutOfAMessageIsRefused([ValueSource(nameof(Codecs))] ICodec codec)
        {
            foreach (byte[] whole in Corpus(codec))
            {
                for (int length = 0; length < whole.Length; length++)
                {
                    Assert.Throws<WireException>(() => codec.Decode(whole.Take(length).ToArray(), 1 << 20));
                }
            }
        }

        [Test]
        public void TenThousandMutationsAreReadOrRefused([ValueSource(nameof(Codecs))] ICodec codec)
        {
            // Twenty thousand with both codecs. Anything but a WireException fails the test by itself.
            List<byte[]> corpus = Corpus(codec);
            var random = new Random(20251122);
            int read = 0;
            for (int i = 0; i < 10000; i++)
            {
                byte[] frame = Mutated(corpus[i % corpus.Count], random);
                try
                {
                    WireMap map = codec.Decode(frame, 1 << 20);
                    read++;
                    codec.Encode(map);
                    BridgeMessage.Read(map);
                }
                catch (WireException)
                {
                }
            }

            Assert.That(read, Is.InRange(500, 9000));
        }

        [Test]
        public void AMessageBeyondTheLimitIsRefusedUnread([ValueSource(nameof(Codecs))] ICodec codec)
        {
            byte[] frame = codec.Encode(GameMessages.Close("smith"));
            Assert.That(codec.Decode(frame, frame.Length).TextOf("npc"), Is.EqualTo("smith"));
            var refused = Assert.Throws<WireException>(() => codec.Decode(frame, frame.Length - 1));
            Assert.That(refused.Message, Is.EqualTo("the message has " + frame.Length + " bytes, the limit is " + (frame.Length - 1)));
        }

        [Test]
        public void ThirtyTwoLevelsAreReadAndThirtyThreeAreNot([ValueSource(nameof(Codecs))] ICodec codec)
        {
            byte[] deepest = codec.Encode(Nested(WireLimits.MaxDepth));
            Assert.That(codec.Decode(deepest, 65536).Count, Is.EqualTo(1));
            Assert.Throws<WireException>(() => codec.Encode(Nested(WireLimits.MaxDepth + 1)));
            byte[] deeper = codec.IsBinary
                ? new byte[] { 0x81, 0xa1, (byte)'x' }.Concat(Enumerable.Repeat((byte)0x91, 32)).Concat(new byte[] { 0xc0 }).ToArray()
                : Encoding.UTF8.GetBytes("{\"x\":" + new string('[', 32) + new string(']', 32) + "}");
            Assert.Throws<WireException>(() => codec.Decode(deeper, 65536));
        }

        [Test]
        public void ADepthBombIsRefusedAtOnce()
        {
            Assert.Throws<WireException>(() => Codecs[0].Decode(Enumerable.Repeat((byte)0x91, 1 << 20).ToArray(), 1 << 20));
            Assert.Throws<WireException>(() => Codecs[1].Decode(Enumerable.Repeat((byte)'[', 1 << 20).ToArray(), 1 << 20));
        }

        [Test]
        public void ALengthBeyondTheEndTakesNoMemory()
        {
            // Text, binary, list and map of four thousand million.
            foreach (byte head in new byte[] { 0xdb, 0xc6, 0xdd, 0xdf })
            {
                long before = GC.GetTotalMemory(false);
                Assert.Throws<WireException>(() => Codecs[0].Decode(new byte[] { 0x81, 0xa1, 0x78, head, 0xff, 0xff, 0xff, 0xff }, 65536));
                Assert.That(GC.GetTotalMemory(false) - before, Is.LessThan(10_000_000));
            }
        }

        [Test]
        public void ManyMapsAreRefused([ValueSource(nameof(Codecs))] ICodec codec)
        {
            var maps = new List<object>();
            for (int i = 0; i < WireLimits.MaxContainers - 1; i++)
            {
                maps.Add(new WireMap());
            }

            // The message and the list are two more.
            Assert.Throws<WireException>(() => codec.Decode(codec.Encode(new WireMap { { "x", maps } }), 65536));
            maps.RemoveAt(0);
            Assert.DoesNotThrow(() => codec.Decode(codec.Encode(new WireMap { { "x", maps } }), 65536));
        }

        [Test]
        public void AMapOfManyKeysIsReadInLinearTime()
        {
            var map = new WireMap { { "type", "event" } };
            for (int i = 0; i < 200_000; i++)
            {
                map.Add("key" + i, (long)i);
            }

            WireMap again = Codecs[0].Decode(Codecs[0].Encode(map), 1 << 24);
            Assert.That((again.Count, again["key199999"]), Is.EqualTo((200_001, (object)199_999L)));
        }

        [Test]
        public void TheLastOfEqualKeysCounts()
        {
            byte[] frame = Encoding.UTF8.GetBytes("{\"type\":\"a\",\"type\":\"b\"}");
            Assert.That(Codecs[1].Decode(frame, 65536).TextOf("type"), Is.EqualTo("b"));
        }

        [Test]
        public void HalfASurrogatePairGoesOutAsTheReplacementCharacter([ValueSource(nameof(Codecs))] ICodec codec)
        {
            WireMap again = codec.Decode(codec.Encode(GameMessages.Say("1", "a", "\ud83d half \ude00", "")), 65536);
            Assert.That(again.TextOf("text"), Is.EqualTo("\ufffd half \ufffd"));
        }

        [Test]
        public void AnEscapedHalfOfASurrogatePairComesInAsTheReplacementCharacter()
        {
            byte[] frame = Encoding.UTF8.GetBytes("{\"a\":\"\\ud83d!\",\"b\":\"\\ud83d\\ude00\"}");
            WireMap map = Codecs[1].Decode(frame, 65536);
            Assert.That((map.TextOf("a"), map.TextOf("b")), Is.EqualTo(("\ufffd!", "😀")));
        }

        [Test]
        public void WhatHasNoPlaceInAMessageIsRefused([ValueSource(nameof(Codecs))] ICodec codec)
        {
            var refused = Assert.Throws<WireException>(() => codec.Encode(new WireMap { { "x", new object() } }));
            Assert.That(refused.Message, Is.EqualTo("Object has no place in a message"));
        }

        private static WireMap Nested(int levels)
        {
            object inner = new List<object>();
            for (int i = 0; i < levels - 2; i++)
            {
                inner = new List<object> { inner };
            }

            return new WireMap { { "x", inner } };
        }

        private static List<byte[]> Corpus(ICodec codec)
        {
            var messages = new List<WireMap>
            {
                GameMessages.Say("l1", "smith_01", "你好 👋🏽 \"quoted\"\n", "Ada"),
                GameMessages.Load("o1", "quick", new byte[] { 0, 1, 2, 250, 251, 252 }),
                new WireMap { { "type", "accepted" }, { "ids", new List<object> { "e1", "e2" } }, { "seq", 3L } },
                new WireMap { { "type", "closed" }, { "npc", "a" }, { "seq", 70000L }, { "x", new WireMap { { "y", -0.5 }, { "z", null } } } },
                new WireMap { { "type", "text" }, { "npc", "a" }, { "turn", "t1" }, { "at", 12L }, { "text", "Let me see. " }, { "seq", 6L } },
            };
            return messages.ConvertAll(codec.Encode);
        }

        private static byte[] Mutated(byte[] frame, Random random)
        {
            var octets = frame.ToList();
            for (int times = random.Next(1, 4); times > 0 && octets.Count > 0; times--)
            {
                int place = random.Next(octets.Count);
                switch (random.Next(4))
                {
                    case 0:
                        octets[place] = (byte)random.Next(256);
                        break;
                    case 1:
                        octets[place] ^= (byte)(1 << random.Next(8));
                        break;
                    case 2:
                        octets.Insert(place, (byte)random.Next(256));
                        break;
                    default:
                        octets.RemoveAt(place);
                        break;
                }
            }

            return octets.ToArray();
        }
    }
}

using System;
using System.Collections;
using System.Collections.Generic;
using NUnit.Framework;

namespace NpcBridge.Core.Tests
{
    public sealed class PlainTests
    {
        private enum Weather
        {
            Rain,
        }

        [Test]
        public void ValuesOfAGameBecomeValuesOfTheWire()
        {
            var data = new Dictionary<string, object>
            {
                { "int", 5 },
                { "byte", (byte)200 },
                { "float", 0.1f },
                { "nan", float.NaN },
                { "infinite", double.PositiveInfinity },
                { "decimal", 1.5m },
                { "char", 'x' },
                { "enum", Weather.Rain },
                { "array", new[] { 1, 2 } },
                { "map", new Hashtable { { 7, "seven" } } },
                { "uri", new Uri("http://127.0.0.1/") },
            };
            const string Wanted = "{\"int\":5,\"byte\":200,\"float\":0.1,\"nan\":null,\"infinite\":null,\"decimal\":1.5,\"char\":\"x\","
                + "\"enum\":\"Rain\",\"array\":[1,2],\"map\":{\"7\":\"seven\"},\"uri\":\"http://127.0.0.1/\"}";
            Assert.That(Golden.Show(Plain.Map(data)), Is.EqualTo(Wanted));
        }

        [Test]
        public void AListThatHoldsItselfIsRefused()
        {
            var list = new List<object>();
            list.Add(list);
            Assert.Throws<WireException>(() => Plain.Value(list));
        }

        [Test]
        public void WhatIsAllowedFitsIntoAMessage()
        {
            object deep = 1;
            for (int i = 0; i < 29; i++)
            {
                deep = new List<object> { deep };
            }

            WireMap data = Plain.Map(new Dictionary<string, object> { { "deep", deep } });
            Assert.DoesNotThrow(() => new MsgpackCodec().Encode(GameMessages.Event("e", "1", data, null)));
        }

        [Test]
        public void NothingBecomesAnEmptyMap()
        {
            Assert.That(Plain.Map(null).Count, Is.Zero);
        }
    }
}

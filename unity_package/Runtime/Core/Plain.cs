using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;

namespace NpcBridge.Core
{
    /// <summary>Values of a game as values of the wire.</summary>
    public static class Plain
    {
        private const int MaxDepth = WireLimits.MaxDepth - 2;

        /// <summary>
        /// A copy that any codec can send: numbers, text, true or false, maps and lists. Names of an enum become text; what is not finite
        /// becomes <c>null</c>; anything else becomes the text that it makes of itself.
        /// </summary>
        /// <exception cref="WireException">Lists and maps are nested too deep, or hold themselves.</exception>
        public static object Value(object value)
        {
            return Value(value, 1);
        }

        /// <summary>A map of the wire from any dictionary; its keys become text. <c>null</c> gives an empty one.</summary>
        /// <exception cref="WireException">Lists and maps are nested too deep, or hold themselves.</exception>
        public static WireMap Map(IDictionary dictionary)
        {
            return dictionary == null ? new WireMap() : Map(dictionary, 1);
        }

        /// <summary>The same number in the widest type of its kind; other values come back as they are.</summary>
        internal static object Scalar(object value)
        {
            switch (value)
            {
                case int whole: return (long)whole;
                case uint whole: return (long)whole;
                case short whole: return (long)whole;
                case ushort whole: return (long)whole;
                case byte whole: return (long)whole;
                case sbyte whole: return (long)whole;
                case ulong whole when whole <= long.MaxValue: return (long)whole;
                case float number: return Scalar((double)number);
                case double number when double.IsNaN(number) || double.IsInfinity(number): return null;
                default: return value;
            }
        }

        private static object Value(object value, int depth)
        {
            switch (value)
            {
                case float number:
                    // 0.1f is told as 0.1 and not as 0.10000000149.
                    return Scalar(double.Parse(number.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture));
                case decimal number:
                    return (double)number;
                case char letter:
                    return letter.ToString();
                case string _:
                case byte[] _:
                    return value;
                case WireMap map:
                    return Map(map, depth);
                case IDictionary map:
                    return Map(map, depth);
                case IEnumerable list:
                    return List(list, depth);
            }

            object scalar = Scalar(value);
            return scalar == null || scalar is bool || scalar is long || scalar is ulong || scalar is double
                ? scalar
                : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        }

        private static WireMap Map(WireMap map, int depth)
        {
            CheckDepth(depth);
            var copy = new WireMap();
            foreach (var entry in map)
            {
                copy.Add(entry.Key, Value(entry.Value, depth + 1));
            }

            return copy;
        }

        private static WireMap Map(IDictionary map, int depth)
        {
            CheckDepth(depth);
            var copy = new WireMap();
            foreach (DictionaryEntry entry in map)
            {
                copy.Add(Convert.ToString(entry.Key, CultureInfo.InvariantCulture) ?? "", Value(entry.Value, depth + 1));
            }

            return copy;
        }

        private static List<object> List(IEnumerable list, int depth)
        {
            CheckDepth(depth);
            var copy = new List<object>();
            foreach (object item in list)
            {
                copy.Add(Value(item, depth + 1));
            }

            return copy;
        }

        private static void CheckDepth(int depth)
        {
            if (depth > MaxDepth)
            {
                throw new WireException("the data of an event is nested deeper than " + MaxDepth + " levels");
            }
        }
    }
}

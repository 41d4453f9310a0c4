using System;
using System.Collections.Generic;
using System.IO;
using NUnit.Framework;

namespace NpcBridge.Core.Tests
{
    /// <summary>The example messages that the clients of all languages are tested against; only there in a checkout of the bridge.</summary>
    internal static class Golden
    {
        private static string Folder
        {
            get
            {
                string folder = Environment.GetEnvironmentVariable("NPC_BRIDGE_GOLDEN");
                if (string.IsNullOrEmpty(folder))
                {
                    Assert.Ignore("set NPC_BRIDGE_GOLDEN to the folder tests/golden of the bridge's repository");
                }

                return folder;
            }
        }

        public static byte[] Read(string file)
        {
            return File.ReadAllBytes(Path.Combine(Folder, file));
        }

        public static List<WireMap> Index(string part)
        {
            var found = new List<WireMap>();
            WireMap index = new JsonCodec().Decode(Read("index.json"), int.MaxValue);
            foreach (object entry in (List<object>)index[part])
            {
                found.Add((WireMap)entry);
            }

            return found;
        }

        /// <summary>A value as text that is the same when the values are.</summary>
        public static string Show(object value)
        {
            return JsonCodec.TextOf(value);
        }
    }
}

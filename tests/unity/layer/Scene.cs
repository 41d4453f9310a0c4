using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Threading;
using NpcBridge.Core;
using NUnit.Framework;
using TMPro;
using UnityEngine;

namespace NpcBridge.Layer.Tests
{
    /// <summary>A real bridge that recites, for all tests of the components.</summary>
    [SetUpFixture]
    public sealed class TheBridge
    {
        private const string Script = @"
lines = [""(waves) Hello. (sits down) Well met.""]
chunk_chars = 5
[[rules]]
when = ""emoji""
lines = [""👋🏽👋🏽 <b>bold</b> (nod) and 好。""]
[[rules]]
when = ""long""
lines = [""One two three four five six seven eight nine ten eleven twelve thirteen.""]
[[rules]]
when = ""where""
lines = [""Over there. (points at the door) Go.""]
";

        private static readonly string ScriptFile = Path.GetTempFileName();

        internal static BridgeProcess Process { get; private set; }

        [OneTimeSetUp]
        public void StartBridge()
        {
            File.WriteAllText(ScriptFile, Script);
            string command = Environment.GetEnvironmentVariable("NPC_BRIDGE_COMMAND");
            Process = new BridgeProcess(command, new[] { "--backend", "scripted", "--script", ScriptFile, "--log-level", "warning" });
            for (int i = 0; i < 2000 && Process.Ready == null; i++)
            {
                Thread.Sleep(10);
            }

            Assert.That(Process.Ready, Is.Not.Null, Process.Problem);
        }

        [OneTimeTearDown]
        public void StopBridge()
        {
            Engine.EnterPlayMode(typeof(NpcBridgeConnection), typeof(NpcTarget));
            Process.Stop();
            File.Delete(ScriptFile);
        }

    }

    /// <summary>A scene of a game; only the engine is a stub.</summary>
    public abstract class Scene
    {
        protected NpcBridgeSettings Settings { get; private set; }

        [SetUp]
        public void PlayMode()
        {
            Engine.EnterPlayMode(typeof(NpcBridgeConnection), typeof(NpcTarget));
            Settings = ScriptableObject.CreateInstance<NpcBridgeSettings>();
            Settings.Url = TheBridge.Process.Ready.Url;
            Settings.Token = TheBridge.Process.Ready.Token;
            Engine.ResourceFiles[NpcBridgeSettings.ResourceName] = Settings;
        }

        protected static string JsonOf(object data)
        {
            string line = "";
            foreach (var field in data as WireMap ?? new WireMap())
            {
                line += field.Key + "=" + (field.Value is List<object> list ? string.Join(",", list) : field.Value) + " ";
            }

            return line;
        }

        /// <summary>Let an NPC hear what only a slow bridge would say.</summary>
        protected static void Hear(NpcCharacter npc, string type, string field, string value)
        {
            Hear(npc, type, (field, value));
        }

        /// <summary>The same with any fields.</summary>
        protected static void Hear(NpcCharacter npc, string type, params (string Name, object Value)[] fields)
        {
            var message = new WireMap { { "type", type }, { "npc", npc.ResolvedId }, { "turn", "t99" }, { "at", 0L }, { "chars", 0L }, { "clip", "" } };
            foreach ((string name, object value) in fields)
            {
                message.Add(name, value);
            }

            MethodInfo receive = typeof(NpcCharacter).GetMethod("Receive", BindingFlags.Instance | BindingFlags.NonPublic);
            receive.Invoke(npc, new object[] { BridgeMessage.Read(message) });
        }

        protected static GameObject Destroyed()
        {
            var gone = new GameObject("gone");
            UnityEngine.Object.DestroyImmediate(gone);
            return gone;
        }

        protected static NpcCharacter Npc(string id)
        {
            var npc = new GameObject(id).AddComponent<NpcCharacter>();
            npc.Character = "brom";
            return npc;
        }

        protected static void Animate(NpcCharacter npc, string[] triggers, params string[] states)
        {
            npc.Animator = npc.gameObject.AddComponent<Animator>();
            npc.Animator.runtimeAnimatorController = new RuntimeAnimatorController();
            npc.Animator.parameters = triggers
                .Select(each => new AnimatorControllerParameter { name = each, type = AnimatorControllerParameterType.Trigger })
                .Concat(new[] { new AnimatorControllerParameter { name = "Speed", type = AnimatorControllerParameterType.Float } })
                .ToArray();
            npc.Animator.StateNames.AddRange(states);
        }

        protected static NpcSpeechText Speech(NpcCharacter npc, out TextMeshPro label)
        {
            var bubble = new GameObject("bubble");
            bubble.transform.SetParent(npc.transform);
            label = bubble.AddComponent<TextMeshPro>();
            bubble.AddComponent<NpcTextMeshProOutput>();
            return bubble.AddComponent<NpcSpeechText>();
        }

        /// <summary>Wait until the opening line is over.</summary>
        protected static void Opening(NpcCharacter npc, NpcSpeechText speech = null)
        {
            Until(() => npc.Profile != null && (!npc.Profile.Opening || npc.Turn?.Ended != null) && (speech == null || !speech.IsTyping));
            Engine.Frames(120);
        }

        protected static void Answer(NpcCharacter npc, string line)
        {
            NpcTurn before = npc.Turn;
            npc.Say(line);
            Until(() => npc.Turn != before && !npc.IsTalking);
        }

        protected static void Until(Func<bool> condition)
        {
            for (int i = 0; i < 10_000; i++)
            {
                if (condition())
                {
                    return;
                }

                Engine.Frame();
                Thread.Sleep(1);
            }

            Assert.Fail("it did not happen; " + string.Join("; ", Engine.Log));
        }
    }
}

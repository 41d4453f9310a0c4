using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using NpcBridge.Core;
using NpcBridge.Editor;
using NUnit.Framework;
using UnityEditor;
using UnityEngine;

namespace NpcBridge.Layer.Tests
{
    /// <summary>What the editor part says; what it draws is for a real editor.</summary>
    public sealed class EditorTests
    {
        [SetUp]
        public void Clean()
        {
            Engine.EnterPlayMode(typeof(NpcBridgeConnection));
            var settings = ScriptableObject.CreateInstance<NpcBridgeSettings>();
            settings.AutoConnect = false;
            Engine.ResourceFiles[NpcBridgeSettings.ResourceName] = settings;
        }

        [Test]
        public void AnEmptyCharacterIsToldWhatItNeeds()
        {
            var npc = new GameObject("smith").AddComponent<NpcCharacter>();
            Assert.That(Mistakes.Of(npc), Is.EqualTo(new[]
            {
                "Set 'Character' to the id of a character file, such as brom for characters/brom.toml.",
                "Without an Animator the NPC talks but does not move.",
            }));
        }

        [Test]
        public void AClipThatDoesNotExistIsShown()
        {
            var npc = new GameObject("smith").AddComponent<NpcCharacter>();
            npc.Character = "brom";
            npc.Animator = npc.gameObject.AddComponent<Animator>();
            Assert.That(Mistakes.Of(npc), Is.EqualTo(new[] { "The Animator has no controller, so the NPC has nothing to play." }));
            npc.Animator.runtimeAnimatorController = new RuntimeAnimatorController();
            npc.States = new[] { "Dance" };
            npc.ClipMap = ScriptableObject.CreateInstance<NpcClipMap>();
            npc.ClipMap.Clips.Add(new NpcClip("wave", NpcClipKind.Trigger, "Wave"));
            Assert.That(Mistakes.Of(npc), Is.EqualTo(new[]
            {
                "The clip 'wave' means the trigger 'Wave', and the Animator has none of that name.",
                "The Animator has no state 'Dance' on its first layer; read the states again.",
            }));
        }

        [Test]
        public void TheOtherComponentsAreToldWhatTheyNeed()
        {
            var alone = new GameObject("alone");
            Assert.That(Mistakes.Of(alone.AddComponent<NpcCuePlayer>()), Is.EqualTo(new[]
            {
                "Set 'Character', or put this component on an NpcCharacter or below one.",
            }));
            Assert.That(Mistakes.Of(alone.AddComponent<NpcSpeechText>()), Has.Count.EqualTo(2));
            var source = alone.AddComponent<NpcEventSource>();
            source.Scope = NpcEventScope.Npc;
            Assert.That(Mistakes.Of(source), Is.EqualTo(new[]
            {
                "Set 'Event Name', such as player_arrived.", "With the scope Npc, set 'Npc', or put this component on an NpcCharacter or below one.",
            }));
            var npc = alone.AddComponent<NpcCharacter>();
            npc.ClipMap = ScriptableObject.CreateInstance<NpcClipMap>();
            npc.ClipMap.Clips.Add(new NpcClip("lights", NpcClipKind.Event));
            Assert.That(Mistakes.Of(alone.GetComponent<NpcCuePlayer>()), Is.EqualTo(new[]
            {
                "The clip 'lights' is an event, and 'Clip Events' has none for 'lights'.",
            }));
        }

        [Test]
        public void TheWindowKeepsWhatWasSaidNotesFiguresAndUnmappedActions()
        {
            NpcBridgeConnection bridge = NpcBridgeConnection.Instance;
            using (var watch = new Watch(bridge))
            {
                Say(bridge, new WireMap { { "type", "turn_started" }, { "npc", "smith" }, { "turn", "t1" }, { "cause", "say" }, { "note", "It rains." } });
                Say(bridge, new WireMap { { "type", "text" }, { "npc", "smith" }, { "turn", "t1" }, { "at", 0L }, { "text", "Hm." } });
                Say(bridge, Cue("polishes a mug"));
                Say(bridge, Cue("polishes a mug"));
                Say(bridge, new WireMap
                {
                    { "type", "turn_ended" }, { "npc", "smith" }, { "turn", "t1" }, { "reason", "stop" }, { "chars", 3L }, { "first_text_ms", 84.5 },
                    { "total_ms", 310.2 }, { "prompt_tokens", 419L }, { "cached_tokens", 384L },
                });
                Assert.That(watch.Turns, Is.EqualTo(new[]
                {
                    "t1 smith say\nIt rains.", "t1 stop, first text 84 ms, all 310 ms, prompt 419 tokens, 384 of them cached, reply ?",
                }));
                Assert.That(watch.Messages, Has.Count.EqualTo(5));
                Assert.That(watch.Unmapped, Is.EqualTo(new Dictionary<string, int> { { "polishes a mug", 2 } }));
            }
        }

        [Test]
        public void ASuggestionBecomesAnAliasInTheClipMap()
        {
            var npc = new GameObject("smith").AddComponent<NpcCharacter>();
            npc.Character = "brom";
            var action = ((Stats)BridgeMessage.Read(Stats())).Unmapped.Single();
            Assert.That(Aliases.Accept(action, "wipe"), Does.StartWith("Give the NPC a clip map first"));
            npc.Animator = npc.gameObject.AddComponent<Animator>();
            npc.Animator.runtimeAnimatorController = new RuntimeAnimatorController();
            npc.Animator.StateNames.Add("wipe");
            npc.ClipMap = ScriptableObject.CreateInstance<NpcClipMap>();
            npc.ClipMap.Clips.Add(new NpcClip("clean", NpcClipKind.Event));
            foreach (string clip in new[] { "wipe", "clean", "clean" })
            {
                Assert.That(Aliases.Accept(action, clip), Is.EqualTo("'polishes a mug' means '" + clip + "' now."));
            }

            Assert.That(npc.DeclaredClips().Select(each => each.Name + "=" + string.Join(",", each.Aliases)), Is.EqualTo(new[]
            {
                "clean=polishes a mug", "wipe=polishes a mug",
            }));
            npc.Character = "mira";
            Assert.That(Aliases.Accept(action, "wipe"), Is.EqualTo("No NPC of this scene is the character 'brom'."));
        }

        [Test]
        public void TheWindowShowsWhatTheBridgeCounts()
        {
            NpcBridgeConnection bridge = NpcBridgeConnection.Instance;
            using (var watch = new Watch(bridge))
            {
                MethodInfo take = typeof(Watch).GetMethod("TakeStats", BindingFlags.Instance | BindingFlags.NonPublic);
                take.Invoke(watch, new object[] { BridgeMessage.Read(Stats()), null });
                Assert.That((watch.Figures[0], watch.Suggested.Single().Suggestions.Single()), Is.EqualTo(("turns 12, cost_usd 0.5", "wipe")));
                Say(bridge, new WireMap
                {
                    { "type", "cue" }, { "npc", "smith" }, { "turn", "t1" }, { "at", 3L }, { "clip", "point" }, { "action", "points" }, { "target", "door" },
                    { "score", 0.875 }, { "reason", "lexical" }, { "state", "confirmed" }, { "id", 1L },
                });
                Assert.That(watch.Messages, Is.EqualTo(new[] { "← cue smith @3 point (points) → door confirmed lexical 0.88" }));
            }
        }

        [Test]
        public void WindowPageAndInspectorsDrawWithoutAnError()
        {
            var npc = new GameObject("smith").AddComponent<NpcCharacter>();
            npc.Animator = npc.gameObject.AddComponent<Animator>();
            var window = ScriptableObject.CreateInstance<NpcBridgeWindow>();
            Draw(window, "OnGUI");
            NpcBridgeConnection.Instance.Connect();
            Draw(window, "OnGUI");
            Draw(window, "OnDisable");
            MethodInfo page = typeof(Mistakes).Assembly.GetType("NpcBridge.Editor.NpcBridgeSettingsPage").GetMethod("Make", BindingFlags.Static | BindingFlags.NonPublic);
            ((SettingsProvider)page.Invoke(null, null)).guiHandler("");
            foreach (UnityEditor.Editor inspector in new UnityEditor.Editor[]
            {
                new NpcCharacterInspector { target = npc },
                new NpcCuePlayerInspector { target = npc.gameObject.AddComponent<NpcCuePlayer>() },
                new NpcSpeechTextInspector { target = npc.gameObject.AddComponent<NpcSpeechText>() },
                new NpcEventSourceInspector { target = npc.gameObject.AddComponent<NpcEventSource>() },
            })
            {
                inspector.OnInspectorGUI();
            }
        }

        [Test]
        public void ADomainReloadEndsTheConnectionFirst()
        {
            System.Runtime.CompilerServices.RuntimeHelpers.RunClassConstructor(typeof(Mistakes).Assembly.GetType("NpcBridge.Editor.ReloadGuard").TypeHandle);
            NpcBridgeConnection bridge = NpcBridgeConnection.Instance;
            bridge.Settings.Url = "ws://127.0.0.1:9";
            bridge.Connect();
            Assert.That(bridge.State, Is.EqualTo(SessionState.Connecting));
            AssemblyReloadEvents.Reload();
            Assert.That((bridge.State, NpcBridgeConnection.Exists), Is.EqualTo((SessionState.Offline, false)));
        }

        [Test]
        public void TheTavernIsBuiltWithoutAMistake()
        {
            Application.isPlaying = false;
            TavernBuilder.Build();
            var smith = GameObject.Find("Smith").GetComponent<NpcCharacter>();
            smith.Animator.StateNames.AddRange(smith.States);
            Assert.That(Mistakes.Of(smith), Is.Empty);
            Assert.That(Mistakes.Of(smith.gameObject.GetComponent<NpcCuePlayer>()), Is.Empty);
            Assert.That(smith.DeclaredClips().Select(each => each.Name), Is.EqualTo(new[] { "nod", "wave", "laugh", "point" }));
            Assert.That(GameObject.Find("Door").GetComponent<NpcTarget>().TargetName, Is.EqualTo("door"));
            Assert.That(Mistakes.Of(GameObject.Find("Door").GetComponent<NpcEventSource>()), Is.Empty);
            Assert.That(Engine.Inspected<NpcCharacter>(GameObject.Find("Talk").GetComponent<TavernTalk>(), "npc"), Is.SameAs(smith));
        }

        [TearDown]
        public void LeaveEditMode()
        {
            if (!Application.isPlaying)
            {
                Engine.Scene.ToList().ForEach(UnityEngine.Object.DestroyImmediate);
                Application.isPlaying = true;
            }
        }

        private static WireMap Stats()
        {
            var unmapped = new WireMap { { "character", "brom" }, { "action", "polishes a mug" }, { "count", 3L }, { "suggestions", new List<object> { "wipe" } } };
            return new WireMap
            {
                { "type", "stats" }, { "id", "x1" }, { "session", new WireMap { { "turns", 12L }, { "cost_usd", 0.5 } } }, { "unmapped", new List<object> { unmapped } },
            };
        }

        private static void Draw(UnityEngine.Object target, string message)
        {
            target.GetType().GetMethod(message, BindingFlags.Instance | BindingFlags.NonPublic).Invoke(target, null);
        }

        private static WireMap Cue(string action)
        {
            return new WireMap { { "type", "cue" }, { "npc", "smith" }, { "turn", "t1" }, { "at", 3L }, { "clip", "" }, { "action", action } };
        }

        private static void Say(NpcBridgeConnection bridge, WireMap message)
        {
            FieldInfo subscribers = typeof(NpcBridgeConnection).GetField("MessageReceived", BindingFlags.Instance | BindingFlags.NonPublic);
            ((System.Action<BridgeMessage>)subscribers.GetValue(bridge)).Invoke(BridgeMessage.Read(message));
        }
    }
}

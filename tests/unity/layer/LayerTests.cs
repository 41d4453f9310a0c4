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
using UnityEngine.UI;

namespace NpcBridge.Layer.Tests
{
    /// <summary>The components against a real bridge that recites.</summary>
    public sealed class LayerTests : Scene
    {
        [Test]
        public void TheSmallestSceneIsOneComponent()
        {
            NpcCharacter smith = Npc("smith");
            var heard = new List<string>();
            smith.TextArrived += (text, place) => heard.Add(place + ":" + text);
            smith.CueReached += cue => heard.Add("(" + cue.Action + "@" + cue.TextIndex + ")");
            Opening(smith);
            heard.Clear();
            Answer(smith, "Hello!");
            string text = smith.Turn.Text;
            Assert.That(text.Trim(), Is.EqualTo("Hello.  Well met.").Or.EqualTo("Hello. Well met."));
            Assert.That(string.Concat(heard.Where(each => each[0] != '(').Select(each => each.Substring(each.IndexOf(':') + 1))), Is.EqualTo(text));
            Assert.That(heard.Where(each => each[0] == '('), Is.EqualTo(new[] { "(waves@0)", "(sits down@" + (text.IndexOf("Hello.") + 6) + ")" }));
            Assert.That((smith.Turn.Ended.Reason, smith.Profile.Name), Is.EqualTo(("stop", "Brom")));
        }

        [Test]
        public void TheAnimatorsTriggersAndStatesAreTheClips()
        {
            NpcCharacter smith = Npc("smith");
            Animate(smith, new[] { "Wave", "Nod" }, "Idle", "Sit", "Dance");
            smith.States = new[] { "Idle", "Sit", "Gone" };
            Assert.That(smith.DeclaredClips().Select(each => each.Name), Is.EqualTo(new[] { "Wave", "Nod", "Sit" }));
        }

        [Test]
        public void AClipMapRenamesDescribesAndHides()
        {
            NpcCharacter smith = Npc("smith");
            Animate(smith, new[] { "Trg_Wave", "Trg_Secret", "Nod" }, "Idle", "Sit_01");
            smith.States = new[] { "Sit_01" };
            smith.ClipMap = ScriptableObject.CreateInstance<NpcClipMap>();
            smith.ClipMap.Clips.Add(new NpcClip("wave", NpcClipKind.Trigger, "Trg_Wave", "raises a hand", "waves"));
            smith.ClipMap.Clips.Add(new NpcClip("sit", NpcClipKind.State, "Sit_01"));
            smith.ClipMap.Clips.Add(new NpcClip("Trg_Secret", NpcClipKind.Hidden));
            smith.ClipMap.Clips.Add(new NpcClip("broken", NpcClipKind.Trigger, "Nowhere"));
            smith.ClipMap.Clips.Add(new NpcClip("lights", NpcClipKind.Event));
            Assert.That(smith.DeclaredClips().Select(each => each.Name), Is.EqualTo(new[] { "wave", "sit", "lights", "Nod" }));
            Assert.That(smith.DeclaredClips()[0].Aliases, Is.EqualTo(new[] { "waves" }));
            Assert.That(smith.Clips().Broken().Select(each => each.Name), Is.EqualTo(new[] { "broken" }));
            Assert.That(new[] { "wave", "Trg_Wave", "Trg_Secret", "broken", "nod", "Nod" }.Select(each => smith.ClipFor(each)?.Target), Is.EqualTo(new[]
            {
                "Trg_Wave", "Trg_Wave", null, null, null, "Nod",
            }));
        }

        [Test]
        public void CuesArePlayedAtTheirPlacesAndTheNpcReturnsToIdle()
        {
            NpcCharacter smith = Npc("smith");
            Animate(smith, new[] { "wave" }, "Idle", "sit");
            smith.States = new[] { "sit" };
            smith.ClipMap = ScriptableObject.CreateInstance<NpcClipMap>();
            smith.ClipMap.Clips.Add(new NpcClip("sit", NpcClipKind.State, "sit", "", "sits down"));
            smith.ClipMap.Clips.Add(new NpcClip("wave", NpcClipKind.Trigger, "wave", "", "waves"));
            var player = smith.gameObject.AddComponent<NpcCuePlayer>();
            var unhandled = new List<string>();
            smith.CueUnhandled += cue => unhandled.Add(cue.Action);
            Opening(smith);
            smith.Animator.Asked.Clear();
            unhandled.Clear();
            Answer(smith, "Hello!");
            Engine.Frames(60 * 8);
            Assert.That(smith.Animator.Asked, Is.EqualTo(new[] { "trigger wave", "state sit", "state Idle" }));
            Assert.That((unhandled, player.Playing, Engine.Log), Is.EqualTo((new List<string>(), "", new List<string>())));
        }

        [Test]
        public void AClipThatCannotBePlayedIsToldAndNotLogged()
        {
            NpcCharacter smith = Npc("smith");
            var player = smith.gameObject.AddComponent<NpcCuePlayer>();
            smith.ClipMap = ScriptableObject.CreateInstance<NpcClipMap>();
            smith.ClipMap.Clips.Add(new NpcClip("wave", NpcClipKind.Event, "lights", "", "waves"));
            smith.ClipMap.Clips.Add(new NpcClip("sit", NpcClipKind.Event, "chair", "", "sits down"));
            var done = new List<string>();
            var lights = new NpcClipEvent("lights");
            lights.OnPlayed.AddListener(() => done.Add("lights"));
            player.ClipEvents.Add(lights);
            smith.CueUnhandled += cue => done.Add("unhandled " + cue.Clip);
            Opening(smith);
            done.Clear();
            Answer(smith, "Hello!");
            Engine.Frames(10);
            Assert.That((done, Engine.Log), Is.EqualTo((new List<string> { "lights", "unhandled sit" }, new List<string>())));
        }

        [Test]
        public void AQueueOfCuesForgetsTheOldest()
        {
            NpcCharacter smith = Npc("smith");
            Animate(smith, new[] { "a", "b", "c", "d", "e", "f" }, "Idle");
            var player = smith.gameObject.AddComponent<NpcCuePlayer>();
            foreach (string clip in new[] { "a", "b", "c", "d", "e", "nothing" })
            {
                Assert.That(player.Play(clip), Is.EqualTo(clip != "nothing"));
            }

            for (int i = 0; i < 10; i++)
            {
                Engine.Frame(1.1f);
            }

            Assert.That(smith.Animator.Asked, Is.EqualTo(new[] { "trigger a", "trigger c", "trigger d", "trigger e" }));
        }

        [Test]
        public void LettersAppearAndCuesWaitForThem()
        {
            NpcCharacter smith = Npc("smith");
            NpcSpeechText speech = Speech(smith, out TextMeshPro label);
            var reached = new List<string>();
            smith.CueReached += cue => reached.Add(cue.Action + ":" + speech.VisibleText);
            Opening(smith, speech);
            reached.Clear();
            Answer(smith, "an emoji please");
            Until(() => !speech.IsTyping);
            Assert.That(reached, Is.EqualTo(new[] { "nod:👋🏽👋🏽 <b>bold</b>" }));
            Assert.That(label.text, Is.EqualTo(smith.Turn.Text));
            Assert.That(label.maxVisibleCharacters, Is.EqualTo(smith.Turn.Ended.Chars));
            Assert.That((label.richText, label.parseCtrlCharacters), Is.EqualTo((false, false)), "tags of the model do nothing");
        }

        [Test]
        public void NoLetterIsEverTornApart()
        {
            NpcCharacter smith = Npc("smith");
            NpcSpeechText speech = Speech(smith, out TextMeshPro _);
            Opening(smith, speech);
            var typed = new List<string>();
            speech.Typed += typed.Add;
            smith.Say("an emoji please");
            Until(() => typed.Count > 3 && !smith.IsTalking && !speech.IsTyping);
            Assert.That(typed.Take(2), Is.EqualTo(new[] { "👋🏽", "👋🏽" }));
            Assert.That(string.Concat(typed), Is.EqualTo(smith.Turn.Text));
        }

        [Test]
        public void AnyLabelCanTakeTheTextWithoutItsTags()
        {
            NpcCharacter smith = Npc("smith");
            var speech = smith.gameObject.AddComponent<NpcSpeechText>();
            string shown = "";
            speech.OnShown.AddListener(text => shown = text);
            speech.LettersPerSecond = 10_000;
            Opening(smith, speech);
            Answer(smith, "an emoji please");
            Until(() => !speech.IsTyping);
            Assert.That(shown, Does.Contain("<\u200bb>bold<\u200b/b>"));
            Assert.That(shown.Replace("\u200b", ""), Is.EqualTo(smith.Turn.Text));
        }

        [Test]
        public void ThePlainTextOfTheCanvasWorksWithoutTextMeshPro()
        {
            NpcCharacter smith = Npc("smith");
            var label = smith.gameObject.AddComponent<Text>();
            smith.gameObject.AddComponent<NpcUnityTextOutput>();
            var speech = smith.gameObject.AddComponent<NpcSpeechText>();
            speech.LettersPerSecond = 10_000;
            Opening(smith, speech);
            Answer(smith, "an emoji please");
            Until(() => !speech.IsTyping);
            Assert.That((label.text, label.supportRichText), Is.EqualTo((smith.Turn.Text, false)));
        }

        [Test]
        public void InterruptingKeepsWhatWasShownAndTellsTheBridge()
        {
            NpcCharacter smith = Npc("smith");
            NpcSpeechText speech = Speech(smith, out TextMeshPro label);
            Opening(smith, speech);
            var sent = new List<WireMap>();
            NpcBridgeConnection.Instance.MessageSent += sent.Add;
            NpcTurn opening = smith.Turn;
            smith.Say("something long");
            Until(() => smith.Turn != opening && speech.VisibleText.StartsWith("One two"));
            string shown = speech.VisibleText;
            bool wasTalking = smith.IsTalking;
            smith.Interrupt();
            Engine.Frames(30);
            Assert.That((speech.VisibleText, label.text, speech.IsTyping), Is.EqualTo((shown, shown, false)));
            if (wasTalking)
            {
                Assert.That(sent.Last(each => each.TextOf("type") == "interrupt")["at"], Is.EqualTo((long)shown.Length));
            }
        }

        [Test]
        public void WhatStillComesInOfAReplyThatWasCutIsNotShown()
        {
            NpcCharacter smith = Npc("smith");
            NpcSpeechText speech = Speech(smith, out TextMeshPro label);
            Opening(smith, speech);
            var reached = new List<NpcCue>();
            smith.CueReached += reached.Add;
            Hear(smith, "turn_started", "cause", "say");
            Hear(smith, "text", "text", "One two three four.");
            Engine.Frames(20);
            string shown = speech.VisibleText;
            smith.Interrupt();
            Hear(smith, "text", "text", " Five six.");
            Hear(smith, "cue", "action", "nods");
            Engine.Frames(120);
            Hear(smith, "turn_ended", "reason", "interrupted");
            Engine.Frames(120);
            Assert.That(shown, Has.Length.InRange(2, 18));
            Assert.That((speech.VisibleText, label.text, reached.Count, speech.IsTyping), Is.EqualTo((shown, shown, 0, false)));
        }

        [Test]
        public void SkippingShowsAllAtOnce()
        {
            NpcCharacter smith = Npc("smith");
            NpcSpeechText speech = Speech(smith, out TextMeshPro _);
            Opening(smith, speech);
            Answer(smith, "something long");
            speech.Skip();
            Assert.That((speech.VisibleText, speech.IsTyping), Is.EqualTo((smith.Turn.Text, false)));
        }

        [Test]
        public void TheBridgeLearnsHowMuchWasShown()
        {
            NpcCharacter smith = Npc("smith");
            NpcSpeechText speech = Speech(smith, out TextMeshPro _);
            Opening(smith, speech);
            var seen = new List<long>();
            NpcBridgeConnection.Instance.MessageSent += message => { if (message.TextOf("type") == "seen") { seen.Add((long)message["at"]); } };
            Answer(smith, "something long");
            Until(() => !speech.IsTyping);
            Assert.That(seen, Is.Ordered.And.Count.GreaterThan(1));
            Assert.That(seen.Last(), Is.EqualTo(smith.Turn.Ended.Chars));
        }

        [Test]
        public void ALineCutShortByAPauseOfTheGameIsTypedOn()
        {
            NpcCharacter smith = Npc("smith");
            NpcSpeechText speech = Speech(smith, out TextMeshPro _);
            Engine.Inspect(speech, "unscaledTime", false);
            Opening(smith, speech);
            Answer(smith, "something long");
            string before = speech.VisibleText;
            for (int i = 0; i < 100; i++)
            {
                Engine.Frame(1f / 60, 0);
            }

            Assert.That(speech.VisibleText, Is.EqualTo(before));
            Until(() => !speech.IsTyping);
            Assert.That(speech.VisibleText, Is.EqualTo(smith.Turn.Text));
        }

        [Test]
        public void AnEventSourceTellsAtMostOncePerInterval()
        {
            Npc("smith");
            var sent = new List<string>();
            Until(() => NpcBridgeConnection.Instance.IsReady);
            NpcBridgeConnection.Instance.MessageSent += message => sent.Add(JsonOf(message["data"]) + message.TextOf("key"));
            var source = new GameObject("door").AddComponent<NpcEventSource>();
            source.EventName = "door_opened";
            source.When = NpcEventMoment.TriggerEnter;
            source.OnlyFromTag = "Player";
            source.Data.Add(new NpcDatum("door", "cellar"));
            foreach (string tag in new[] { "Player", "Enemy", "Player", "Player" })
            {
                var other = new GameObject(tag + sent.Count).AddComponent<BoxCollider>();
                other.tag = tag;
                Engine.Send(source, "OnTriggerEnter", other);
                Engine.Frame(0.1f);
            }

            Engine.Frame(0.5f);
            Engine.Frame(0.5f);
            Assert.That(sent.Where(each => each.EndsWith("door_opened")), Is.EqualTo(new[]
            {
                "door=cellar who=Player0 door_opened", "door=cellar who=Player1 door_opened",
            }));
        }

        [Test]
        public void EventsReachTheirNpcGroupOrEveryone()
        {
            NpcCharacter smith = Npc("smith");
            Until(() => NpcBridgeConnection.Instance.IsReady);
            var sent = new List<string>();
            NpcBridgeConnection.Instance.MessageSent += m => sent.Add(m.TextOf("name") + " " + m.TextOf("npc") + "/" + m.TextOf("group") + "/" + m["react"] + "/" + m["priority"]);
            NpcBridgeConnection.Instance.Tell("rain_started");
            smith.Tell("sword_drawn", new Dictionary<string, object> { { "at", new Vector3(1, 2, 3) }, { "who", smith.gameObject } });
            var source = smith.gameObject.AddComponent<NpcEventSource>();
            source.EventName = "bell";
            source.Scope = NpcEventScope.Npc;
            source.Reaction = NpcReaction.Always;
            source.Priority = 9;
            source.Interval = 0;
            source.Fire();
            source.Scope = NpcEventScope.Group;
            source.Group = "tavern";
            source.Reaction = NpcReaction.Never;
            source.Priority = -1;
            source.Fire();
            Assert.That(sent, Is.EqualTo(new[] { "rain_started ////", "sword_drawn smith///", "bell smith//True/9", "bell /tavern/False/" }).Or.EqualTo(
                new[] { "rain_started ///", "sword_drawn smith///", "bell smith//True/9", "bell /tavern/False/" }));
        }

        [Test]
        public void ValuesOfUnityAreToldAsTextAndLists()
        {
            var thing = new GameObject("sword");
            WireMap map = UnityPlain.Map(new Dictionary<string, object>
            {
                { "at", new Vector3(1, 2.5f, 3) }, { "cell", new Vector2Int(4, 5) }, { "colour", new Color(1, 0, 0) }, { "thing", thing },
                { "kind", NpcEventScope.Group }, { "gone", Destroyed() },
            });
            Assert.That(JsonOf(map), Is.EqualTo("at=1,2.5,3 cell=4,5 colour=#FF0000FF thing=sword kind=Group gone= "));
        }

        [Test]
        public void TheConnectionStaysWhenTheSceneChangesAndIsThereOnlyOnce()
        {
            Npc("smith");
            Until(() => NpcBridgeConnection.Instance.IsReady);
            NpcBridgeConnection first = NpcBridgeConnection.Instance;
            Engine.ChangeScene();
            var second = new GameObject("another").AddComponent<NpcBridgeConnection>();
            Engine.Frames(3);
            Assert.That((NpcBridgeConnection.Instance == first, first.IsReady, second == null), Is.EqualTo((true, true, true)));
            Assert.That(Engine.Log, Is.Empty);
        }

        [Test]
        public void AnNpcOfAnotherSceneLeavesItsConversation()
        {
            Npc("smith");
            Until(() => NpcBridgeConnection.Instance.IsReady);
            Engine.ChangeScene();
            Engine.Frames(3);
            NpcCharacter again = Npc("smith");
            Until(() => again.IsOpen);
            Assert.That(Engine.Log, Is.Empty);
        }

        [Test]
        public void TheGamesPauseDoesNotStopTheConnection()
        {
            NpcCharacter smith = Npc("smith");
            for (int i = 0; i < 5000 && !smith.IsOpen; i++)
            {
                Engine.Frame(1f / 60, 0);
                Thread.Sleep(1);
            }

            Assert.That(smith.IsOpen, Is.True);
        }

        [Test]
        public void WhoMakesTheConnectionCanGiveItSettings()
        {
            var bridge = new GameObject("mine").AddComponent<NpcBridgeConnection>();
            bridge.Settings = ScriptableObject.CreateInstance<NpcBridgeSettings>();
            bridge.Settings.Url = "nowhere";
            Engine.Frame();
            Assert.That((bridge.State, bridge.Reason), Is.EqualTo((SessionState.Refused, "'nowhere' is not the address of a bridge; write ws://HOST:PORT")));
            bridge.Settings = Settings;
            Assert.That(Engine.Log.Last(), Is.EqualTo("warning NPC Bridge: the connection is in use, so it keeps the settings it has (too_late)"));
        }

        [Test]
        public void TheEnvironmentComesBeforeTheSettings()
        {
            Environment.SetEnvironmentVariable("NPC_BRIDGE_URL", "ws://127.0.0.1:1");
            Environment.SetEnvironmentVariable("NPC_BRIDGE_TOKEN", "from outside");
            try
            {
                Settings.Autostart = true;
                ConnectionSettings found = Settings.ToConnection();
                Assert.That((found.Url, found.Token, found.Autostart), Is.EqualTo(("ws://127.0.0.1:1", "from outside", false)));
            }
            finally
            {
                Environment.SetEnvironmentVariable("NPC_BRIDGE_URL", null);
                Environment.SetEnvironmentVariable("NPC_BRIDGE_TOKEN", null);
            }
        }

        [Test]
        public void TheGameCanStartTheBridgeAndEndsItWhenItQuits()
        {
            Settings.Autostart = true;
            Settings.Command = Environment.GetEnvironmentVariable("NPC_BRIDGE_COMMAND");
            Settings.Arguments = new[] { "--backend", "scripted" };
            NpcCharacter smith = Npc("smith");
            Until(() => smith.IsOpen);
            using (var bridge = System.Diagnostics.Process.GetProcessById(NpcBridgeConnection.Instance.Session.BridgeProcessId))
            {
                Engine.Quit();
                Assert.That(bridge.WaitForExit(5000), Is.True);
            }
        }

        [Test]
        public void QuittingIsQuickAndLeavesNothingBehind()
        {
            Npc("smith");
            Until(() => NpcBridgeConnection.Instance.IsReady);
            var clock = System.Diagnostics.Stopwatch.StartNew();
            Engine.Quit();
            Assert.That(clock.ElapsedMilliseconds, Is.LessThan(1000));
            Assert.That((NpcBridgeConnection.Exists, NpcBridgeConnection.Instance == null), Is.EqualTo((false, true)));
        }

        [Test]
        public void APlayModeWithoutDomainReloadBeginsAnew()
        {
            Npc("smith");
            Until(() => NpcBridgeConnection.Instance.IsReady);
            Engine.Quit();
            PlayMode();
            NpcCharacter smith = Npc("smith");
            Until(() => smith.IsOpen);
        }

        [Test]
        public void ADisabledConnectionIsOfflineAndAnEnabledOneComesBack()
        {
            NpcCharacter smith = Npc("smith");
            Until(() => smith.IsOpen);
            NpcBridgeConnection bridge = NpcBridgeConnection.Instance;
            bridge.enabled = false;
            Assert.That((bridge.State, smith.IsOpen), Is.EqualTo((SessionState.Offline, false)));
            bridge.enabled = true;
            Until(() => smith.IsOpen);
        }

        [Test]
        public void MistakesAreToldInWords()
        {
            NpcCharacter nobody = Npc("nobody");
            nobody.Character = "";
            NpcCharacter one = Npc("twin");
            NpcCharacter other = Npc("twin");
            var failed = new List<string>();
            other.Failed += (code, text) => failed.Add(code);
            one.Failed += (code, text) => failed.Add(code);
            Engine.Frames(2);
            one.Say(new string('x', WireLimits.MaxSayChars + 1));
            Assert.That(failed, Is.EqualTo(new[] { "npc_taken", "too_long" }));
            Assert.That(Engine.Log, Is.EqualTo(new[]
            {
                "warning NPC Bridge: the NPC 'nobody' has no character; set it in its NpcCharacter (no_character)",
                "warning NPC Bridge: two NPCs have the id 'twin'; set the id in their NpcCharacter (npc_taken)",
                "warning NPC Bridge: a line has 8001 characters, the limit is 8000 (too_long)",
            }));
        }

        [Test]
        public void ACharacterThatTheBridgeDoesNotHaveIsToldToItsNpc()
        {
            NpcCharacter ghost = Npc("ghost");
            ghost.Character = "no_such_character";
            string failed = "";
            ghost.Failed += (code, text) => failed = code;
            Until(() => failed.Length > 0);
            Assert.That(failed, Is.EqualTo("unknown_character"));
        }
    }
}

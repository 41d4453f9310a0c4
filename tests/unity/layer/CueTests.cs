using System.Collections.Generic;
using System.Linq;
using NpcBridge.Core;
using NUnit.Framework;
using TMPro;
using UnityEngine;

namespace NpcBridge.Layer.Tests
{
    /// <summary>Cues: what they are aimed at, and those that come before their time.</summary>
    public sealed class CueTests : Scene
    {
        [Test]
        public void WhatIsInTheSceneIsDeclaredAndSoIsWhatComesAndGoes()
        {
            NpcTarget.Register(new GameObject("Door_02").transform, "door", "entrance", "门");
            NpcCharacter smith = Npc("smith");
            var sent = new List<WireMap>();
            NpcBridgeConnection.Instance.MessageSent += sent.Add;
            Until(() => smith.IsOpen);
            var anvil = new GameObject("anvil").AddComponent<NpcTarget>();
            new GameObject("well").AddComponent<NpcTarget>();
            Engine.Frames(2);
            anvil.enabled = false;
            Engine.Frames(2);
            Assert.That(sent.Where(each => each.ContainsKey("targets")).Select(each => each.TextOf("type") + Names(each["targets"])), Is.EqualTo(new[]
            {
                "open door/entrance/门", "declare door/entrance/门 anvil well", "declare door/entrance/门 well",
            }));
            Assert.That((NpcTarget.Find("DOOR").Place.gameObject.name, NpcTarget.Find("anvil")), Is.EqualTo(("Door_02", (NpcTarget)null)));
        }

        [Test]
        public void WhatTheNpcPointsAtIsFound()
        {
            NpcTarget.Register(new GameObject("Door_02").transform, "door");
            NpcCharacter smith = Npc("smith");
            Animate(smith, new[] { "point" }, "Idle");
            var player = smith.gameObject.AddComponent<NpcCuePlayer>();
            var looks = new List<string>();
            player.LookedAt += (cue, place) => looks.Add(cue.Clip + " at " + place.gameObject.name + " " + cue.State);
            Opening(smith);
            smith.Animator.Asked.Clear();
            Answer(smith, "Where is it?");
            Assert.That(looks, Has.Count.EqualTo(1).And.Some.StartsWith("point at Door_02 "));
            Assert.That(smith.Animator.Asked, Is.EqualTo(new[] { "trigger point" }));
        }

        [Test]
        public void AnEarlyCueBeginsAtOnceAndGoesOnWhenItIsConfirmed()
        {
            NpcTarget.Register(new GameObject("Door_02").transform, "door");
            NpcCharacter smith = Mover("smith", out NpcCuePlayer player);
            var log = new List<string>();
            player.CueStarted += clip => log.Add("starts " + clip.Name);
            player.LookedAt += (cue, place) => log.Add("looks at " + place.gameObject.name);
            smith.CueConfirmed += cue => log.Add(cue.State + " " + cue.Action);
            Hear(smith, "turn_started", "cause", "say");
            Hear(smith, "cue", ("clip", "point"), ("action", "points"), ("state", "provisional"), ("id", 1L));
            Assert.That((log, player.Playing), Is.EqualTo((new List<string> { "starts point" }, "point")));
            Hear(smith, "cue", ("clip", "point"), ("action", "points at the door"), ("target", "door"), ("state", "confirmed"), ("id", 1L));
            Assert.That(log, Is.EqualTo(new[] { "starts point", "looks at Door_02", "confirmed points at the door" }));
            Assert.That(smith.Animator.Asked, Is.EqualTo(new[] { "state point" }));
        }

        [TestCase("point", "state point, state Idle")]
        [TestCase("wave", "trigger wave, no trigger wave, state Idle")]
        public void AWithdrawnCueBlendsBack(string clip, string asked)
        {
            NpcCharacter smith = Mover("smith", out NpcCuePlayer player);
            Hear(smith, "turn_started", "cause", "say");
            Hear(smith, "cue", ("clip", clip), ("action", clip), ("state", "provisional"), ("id", 1L));
            Hear(smith, "cue", ("clip", clip), ("action", "it was another"), ("state", "withdrawn"), ("id", 1L));
            Assert.That((string.Join(", ", smith.Animator.Asked), player.Playing), Is.EqualTo((asked, "")));
        }

        [Test]
        public void OnlyTheCueThatIsWithdrawnEnds()
        {
            NpcCharacter smith = Mover("smith", out NpcCuePlayer player);
            Hear(smith, "turn_started", "cause", "say");
            Hear(smith, "cue", ("clip", "wave"), ("action", "waves"));
            Hear(smith, "cue", ("clip", "point"), ("action", "points"), ("state", "provisional"), ("id", 1L));
            Hear(smith, "cue", ("clip", "point"), ("action", "points out"), ("state", "withdrawn"), ("id", 1L));
            Hear(smith, "cue", ("clip", "point"), ("action", "of another turn"), ("state", "withdrawn"), ("id", 7L));
            Engine.Frame(1.1f);
            Assert.That((string.Join(", ", smith.Animator.Asked), player.Playing), Is.EqualTo(("trigger wave", "")));
        }

        [Test]
        public void ACueThatIsWithdrawnBeforeItsPlaceIsNeverPlayed()
        {
            NpcCharacter smith = Mover("smith", out NpcCuePlayer _);
            NpcSpeechText speech = Speech(smith, out TextMeshPro _);
            Hear(smith, "turn_started", "cause", "say");
            Hear(smith, "text", "text", "Far away it is.");
            Hear(smith, "cue", ("at", 15L), ("clip", "point"), ("action", "points"), ("state", "provisional"), ("id", 1L));
            Hear(smith, "cue", ("at", 15L), ("clip", "point"), ("action", "points out"), ("state", "withdrawn"), ("id", 1L));
            Hear(smith, "turn_ended", "reason", "stop");
            Until(() => !speech.IsTyping);
            Assert.That((smith.Animator.Asked.Count, speech.VisibleText), Is.EqualTo((0, "Far away it is.")));
        }

        [Test]
        public void TheNpcThinksUntilItsFirstText()
        {
            NpcCharacter smith = Mover("smith", out NpcCuePlayer player);
            Speech(smith, out TextMeshPro _);
            Hear(smith, "turn_started", "cause", "say");
            Hear(smith, "cue", ("clip", "think"), ("action", "thinks"), ("reason", "thinking"));
            Engine.Frame(100);
            Assert.That((player.Playing, player.IsThinking), Is.EqualTo(("think", true)), "however long the model takes");
            Hear(smith, "text", "text", "Well.");
            Assert.That((player.Playing, string.Join(", ", smith.Animator.Asked)), Is.EqualTo(("", "state think, state Idle")));
        }

        [Test]
        public void AThinkingNpcTurnsToItsFirstGestureWithoutAPause()
        {
            NpcCharacter smith = Mover("smith", out NpcCuePlayer player);
            Hear(smith, "turn_started", "cause", "say");
            Hear(smith, "cue", ("clip", "think"), ("action", "thinks"), ("reason", "thinking"));
            Hear(smith, "cue", ("clip", "point"), ("action", "points"));
            Assert.That((player.Playing, string.Join(", ", smith.Animator.Asked)), Is.EqualTo(("point", "state think, state point")));
        }

        [Test]
        public void AThinkingNpcWithoutAClipForItTakesThePlayersOwn()
        {
            NpcCharacter smith = Mover("smith", out NpcCuePlayer player);
            var unhandled = new List<string>();
            smith.CueUnhandled += cue => unhandled.Add(cue.Action);
            foreach (string own in new[] { "", "think" })
            {
                player.ThinkingClip = own;
                Hear(smith, "turn_started", "cause", "say");
                Hear(smith, "cue", ("action", "thinks"), ("reason", "thinking"));
                Assert.That((player.Playing, unhandled.Count), Is.EqualTo((own, 0)));
                Hear(smith, "turn_ended", "reason", "failed");
                Assert.That(player.Playing, Is.Empty, "a reply that never came ends the thinking too");
            }
        }

        [Test]
        public void WhoStillSpeaksIsNotSeenThinking()
        {
            NpcCharacter smith = Mover("smith", out NpcCuePlayer player);
            NpcSpeechText speech = Speech(smith, out TextMeshPro _);
            Hear(smith, "turn_started", "cause", "say");
            Hear(smith, "text", "text", "A long sentence that is still being typed.");
            Hear(smith, "turn_ended", "reason", "stop");
            Engine.Frames(3);
            Hear(smith, "turn_started", ("cause", "say"), ("turn", "t100"));
            Hear(smith, "cue", ("turn", "t100"), ("clip", "think"), ("action", "thinks"), ("reason", "thinking"));
            Assert.That((speech.IsTyping, player.Playing), Is.EqualTo((true, "")));
        }

        private static NpcCharacter Mover(string id, out NpcCuePlayer player)
        {
            NpcCharacter npc = Npc(id);
            npc.OpenOnStart = false;
            Animate(npc, new[] { "wave" }, "Idle", "point", "think");
            npc.States = new[] { "point", "think" };
            player = npc.gameObject.AddComponent<NpcCuePlayer>();
            return npc;
        }

        private static string Names(object targets)
        {
            var names = ((List<object>)targets).Cast<WireMap>().Select(each => each.TextOf("name") + string.Concat(((List<object>)each["aliases"]).Select(alias => "/" + alias)));
            return " " + string.Join(" ", names);
        }
    }
}

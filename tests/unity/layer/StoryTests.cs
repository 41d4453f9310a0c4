using System.Collections.Generic;
using System.Linq;
using NpcBridge.Core;
using NUnit.Framework;
using TMPro;
using UnityEngine;

namespace NpcBridge.Layer.Tests
{
    /// <summary>What a game's own story does with its NPCs: saves, authored lines, cutscenes, choices.</summary>
    public sealed class StoryTests : Scene
    {
        [Test]
        public void ASavedGameIsLoadedAndTheScreenIsCleared()
        {
            NpcCharacter smith = Npc("smith");
            NpcSpeechText speech = Speech(smith, out TextMeshPro label);
            var player = smith.gameObject.AddComponent<NpcCuePlayer>();
            Opening(smith, speech);
            NpcBridgeConnection bridge = NpcBridgeConnection.Instance;
            byte[] blob = null;
            bridge.Save("", (saved, error) => blob = saved?.Blob);
            Until(() => blob != null);
            smith.Say("something long");
            Until(() => speech.VisibleText.StartsWith("One two"));
            var log = new List<string>();
            smith.TurnEnded += turn => log.Add(turn.Ended.Reason);
            bridge.StateLoaded += slot => log.Add("loaded " + slot);
            bridge.Load(blob, (loaded, error) => log.Add(string.Join(",", loaded.Npcs) + " " + loaded.Timeline));
            bool wasTalking = smith.IsTalking;
            Until(() => log.Contains("smith 1"));
            Engine.Frames(30);
            Assert.That((speech.VisibleText, label.text, speech.IsTyping, player.Playing, smith.Turn), Is.EqualTo(("", "", false, "", (NpcTurn)null)));
            Assert.That(log.Where(each => each != "stop"), Is.EqualTo(wasTalking ? new[] { "loaded", "loaded ", "smith 1" } : new[] { "loaded ", "smith 1" }));
            Answer(smith, "Hello!");
            Assert.That((smith.IsOpen, smith.Turn.Ended.Reason), Is.EqualTo((true, "stop")), "who was open stays open");
        }

        [Test]
        public void ASaveThatIsDamagedIsRefusedAndTheGameGoesOn()
        {
            NpcCharacter smith = Npc("smith");
            Opening(smith);
            string code = "";
            NpcBridgeConnection.Instance.Load(new byte[] { 1, 2, 3 }, (loaded, error) => code = error.Code);
            Until(() => code.Length > 0);
            Answer(smith, "Hello!");
            Assert.That((code, smith.Turn.Ended.Reason), Is.EqualTo(("bad_save", "stop")));
        }

        [Test]
        public void AnAuthoredLineIsSpokenAsItStands()
        {
            NpcCharacter smith = Npc("smith");
            Animate(smith, new[] { "wave" }, "Idle");
            Opening(smith);
            var cues = new List<string>();
            smith.CueReached += cue => cues.Add(cue.Clip + "@" + cue.TextIndex);
            smith.Line("(wave) We are closed.");
            Until(() => !smith.IsTalking && smith.Turn.Started.Cause == "line");
            Assert.That((smith.Turn.Text, string.Join(" ", cues)), Is.EqualTo(("We are closed.", "wave@0")));
            NpcTurn spoken = smith.Turn;
            string shown = smith.Line("Nobody hears a turn of this.", "", true);
            Until(() => NpcBridgeConnection.Instance.WaitingCount == 0);
            Assert.That((smith.Turn, shown.Length > 0), Is.EqualTo((spoken, true)));
        }

        [Test]
        public void ACutsceneSilencesTheNpcUntilItIsOver()
        {
            NpcCharacter smith = Npc("smith");
            NpcSpeechText speech = Speech(smith, out TextMeshPro _);
            Opening(smith, speech);
            NpcTurn before = smith.Turn;
            NpcBridgeConnection.Instance.Hold();
            smith.Say("Hello!");
            Until(() => NpcBridgeConnection.Instance.WaitingCount == 0);
            Engine.Frames(60);
            Assert.That((smith.Turn, speech.IsTyping), Is.EqualTo((before, false)), "the line waits");
            NpcBridgeConnection.Instance.Release();
            Until(() => smith.Turn != before && !smith.IsTalking);
            Assert.That(smith.Turn.Started.Cause, Is.EqualTo("say"));
        }

        [Test]
        public void HoldingCutsWhatIsBeingTyped()
        {
            NpcCharacter smith = Npc("smith");
            NpcSpeechText speech = Speech(smith, out TextMeshPro _);
            Opening(smith, speech);
            smith.Say("something long");
            Until(() => speech.VisibleText.StartsWith("One two"));
            string shown = speech.VisibleText;
            smith.Hold();
            Engine.Frames(60);
            smith.Release();
            Assert.That((speech.VisibleText, speech.IsTyping), Is.EqualTo((shown, false)));
        }

        [Test]
        public void FlagsAndNotesAreAccepted()
        {
            NpcCharacter smith = Npc("smith");
            Opening(smith);
            NpcBridgeConnection bridge = NpcBridgeConnection.Instance;
            var sent = new List<string>();
            bridge.MessageSent += message => sent.Add(System.Text.Encoding.UTF8.GetString(new JsonCodec().Encode(message)).Replace(message.TextOf("id") + "\"", "ID\""));
            bridge.Flags(new Dictionary<string, object> { { "quest.cellar", 2 }, { "met_the_king", true }, { "old", null } });
            smith.Flags(new Dictionary<string, object> { { "trust", 0.5f } });
            smith.Note("The mill burned down.", new Dictionary<string, object> { { "year", 1312 } }, "mill");
            Assert.That(sent, Is.EqualTo(new[]
            {
                "{\"type\":\"flags\",\"id\":\"ID\",\"values\":{\"quest.cellar\":2,\"met_the_king\":true,\"old\":null}}",
                "{\"type\":\"flags\",\"id\":\"ID\",\"npc\":\"smith\",\"values\":{\"trust\":0.5}}",
                "{\"type\":\"note\",\"id\":\"ID\",\"npc\":\"smith\",\"text\":\"The mill burned down.\",\"data\":{\"year\":1312},\"key\":\"mill\"}",
            }));
            Until(() => bridge.WaitingCount == 0);
        }

        [Test]
        public void ARepliesTextIsReplacedByThatOfAnother()
        {
            NpcCharacter smith = Npc("smith");
            NpcSpeechText speech = Speech(smith, out TextMeshPro _);
            Opening(smith, speech);
            Answer(smith, "something long");
            NpcTurn first = smith.Turn;
            Until(() => speech.VisibleText.StartsWith("One two"));
            smith.Regenerate();
            Until(() => smith.Turn != first);
            Assert.That((smith.Turn.Started.Replaces, smith.Turn.Started.Cause, speech.VisibleText.Length < 8), Is.EqualTo((first.Id, "regenerate", true)));
            Until(() => !speech.IsTyping && !smith.IsTalking);
            Assert.That(speech.VisibleText, Is.EqualTo(smith.Turn.Text));
        }

        [Test]
        public void OneOfSeveralRepliesIsChosenAndShown()
        {
            NpcCharacter smith = Npc("smith");
            NpcSpeechText speech = Speech(smith, out TextMeshPro _);
            Opening(smith, speech);
            Answer(smith, "Hello!");
            Until(() => !speech.IsTyping);
            NpcTurn first = smith.Turn;
            var pieces = new[] { "", "" };
            var reached = new List<string>();
            smith.CandidateArrived += (index, piece) => pieces[index] += piece;
            smith.CueReached += cue => reached.Add(cue.Action);
            smith.Candidates(2);
            Until(() => smith.Turn != first && !smith.IsTalking);
            Assert.That((smith.Turn.IsChoice, smith.Turn.Candidates, reached.Count), Is.EqualTo((true, pieces, 0)));
            Assert.That(pieces, Has.All.Length.GreaterThan(5));
            smith.Choose(1);
            Until(() => !speech.IsTyping);
            Assert.That((speech.VisibleText, smith.Turn.Text, smith.Turn.IsChoice), Is.EqualTo((pieces[1], pieces[1], false)));
            Assert.That(reached, Is.EqualTo(new[] { "waves", "sits down" }));
            Until(() => NpcBridgeConnection.Instance.WaitingCount == 0);
            Assert.That(Engine.Log, Is.Empty);
        }

        [Test]
        public void ChoosingWhatIsNotThereIsToldInWords()
        {
            NpcCharacter smith = Npc("smith");
            Opening(smith);
            smith.Choose(3);
            Assert.That(Engine.Log, Is.EqualTo(new[] { "warning NPC Bridge: the NPC 'smith' has offered no reply number 3 (no_candidate)" }));
        }

        [Test]
        public void AnExitWaitsUntilTheReplyWasShown()
        {
            NpcCharacter smith = Npc("smith");
            smith.OpenOnStart = false;
            NpcSpeechText speech = Speech(smith, out TextMeshPro _);
            var exits = new List<string>();
            smith.ExitReached += exit => exits.Add(exit + ":" + speech.VisibleText);
            Hear(smith, "turn_started", "cause", "say");
            Hear(smith, "text", "text", "Show me your gold.");
            Hear(smith, "exit", ("exit", "trade_opened"), ("at", 0L));
            Hear(smith, "turn_ended", "reason", "stop");
            Engine.Frames(5);
            Assert.That(exits, Is.Empty);
            Until(() => !speech.IsTyping);
            Hear(smith, "exit", ("exit", "too_late_to_wait"), ("at", 18L));
            Assert.That(exits, Is.EqualTo(new[] { "trade_opened:Show me your gold.", "too_late_to_wait:Show me your gold." }));
        }

        [Test]
        public void AnExitOfAReplyThatWasCutIsNotReached()
        {
            NpcCharacter smith = Npc("smith");
            smith.OpenOnStart = false;
            NpcSpeechText speech = Speech(smith, out TextMeshPro _);
            var exits = new List<string>();
            smith.ExitReached += exits.Add;
            Hear(smith, "turn_started", "cause", "say");
            Hear(smith, "text", "text", "Show me your gold.");
            Hear(smith, "exit", ("exit", "trade_opened"), ("at", 0L));
            Engine.Frames(5);
            speech.Cut();
            Hear(smith, "exit", ("exit", "trade_opened"), ("at", 0L));
            Hear(smith, "turn_ended", "reason", "stop");
            Engine.Frames(60);
            Assert.That(exits, Is.Empty);
        }

        [Test]
        public void TheNpcThinksWhileTheRealModelDoes()
        {
            NpcCharacter smith = Npc("smith");
            Animate(smith, new string[0], "Idle", "ponder");
            smith.ClipMap = ScriptableObject.CreateInstance<NpcClipMap>();
            smith.ClipMap.Clips.Add(new NpcClip("ponder", NpcClipKind.State, "ponder", "", "scratches his beard"));
            var player = smith.gameObject.AddComponent<NpcCuePlayer>();
            Opening(smith);
            var log = new List<string>();
            player.CueStarted += clip => log.Add(clip.Name + " " + player.IsThinking);
            smith.TextArrived += (text, place) => log.Add(place == 0 ? "text, playing '" + player.Playing + "'" : "");
            Answer(smith, "something long");
            Assert.That(log.Where(each => each.Length > 0), Is.EqualTo(new[] { "ponder True", "text, playing ''" }));
            Assert.That(player.Playing, Is.Empty);
        }

        [Test]
        public void ATurnThatIsToldAgainIsTypedOnWhereItStood()
        {
            NpcCharacter smith = Npc("smith");
            smith.OpenOnStart = false;
            NpcSpeechText speech = Speech(smith, out TextMeshPro _);
            var reached = new List<string>();
            smith.CueReached += cue => reached.Add(cue.Action);
            Hear(smith, "turn_started", "cause", "say");
            Hear(smith, "cue", "action", "nods");
            Hear(smith, "text", "text", "One two three four");
            Engine.Frames(20);
            int shown = speech.VisibleText.Length;
            Hear(smith, "turn_started", "cause", "say");
            Hear(smith, "cue", "action", "nods");
            Hear(smith, "text", "text", "One two three four five.");
            Hear(smith, "turn_ended", "reason", "stop");
            Engine.Frame();
            Assert.That((shown, speech.VisibleText.Length), Is.EqualTo((shown, shown)).Or.EqualTo((shown, shown + 1)));
            Assert.That(shown, Is.InRange(3, 18));
            Until(() => !speech.IsTyping);
            Assert.That((speech.VisibleText, string.Join(",", reached)), Is.EqualTo(("One two three four five.", "nods")));
        }

        [Test]
        public void ThoseOfAGroupAnswerWhatIsSaidToIt()
        {
            NpcCharacter smith = Npc("smith");
            NpcCharacter maid = Npc("maid");
            maid.Character = "mira";
            Opening(smith);
            Opening(maid);
            NpcBridgeConnection bridge = NpcBridgeConnection.Instance;
            Gathered found = null;
            bridge.Gather("table", new[] { smith.ResolvedId, maid.ResolvedId }, new GroupOptions { MaxNpcTurns = 0 }, (gathered, error) => found = gathered);
            Until(() => found != null);
            string line = bridge.Say("table", "Mira, what do you say?");
            Until(() => maid.Turn != null && maid.Turn.Started.Answers.Contains(line) && !maid.IsTalking);
            Assert.That((maid.Turn.Started.Group, smith.Turn.Started.Answers.Contains(line)), Is.EqualTo(("table", false)));
            bool isOver = false;
            bridge.Disperse("table", (dispersed, error) => isOver = error == null);
            Until(() => isOver);
        }

        [Test]
        public void TheBridgeCountsActionsThatNoClipFits()
        {
            NpcCharacter smith = Npc("smith");
            Animate(smith, new[] { "nod" }, "Idle");
            Opening(smith);
            Answer(smith, "Hello!");
            Stats found = null;
            NpcBridgeConnection.Instance.Stats((stats, error) => found = stats);
            Until(() => found != null);
            Assert.That(found.Unmapped.Select(each => each.Character + ": " + each.Action), Has.Member("brom: sits down"));
            Assert.That(found.Session["turns"], Is.GreaterThanOrEqualTo(1L));
        }

        [Test]
        public void ANoticeIsLoggedAndRaised()
        {
            NpcBridgeConnection bridge = NpcBridgeConnection.Instance;
            var notices = new List<string>();
            bridge.NoticeArrived += notice => notices.Add(notice.Code);
            System.Reflection.MethodInfo take = typeof(BridgeSession).GetMethod("Take", System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic);
            var message = new WireMap { { "type", "notice" }, { "code", "budget_low" }, { "message", "80 % of a budget is spent" } };
            take.Invoke(bridge.Session, new object[] { BridgeMessage.Read(message) });
            Assert.That((notices.Single(), Engine.Log.Single()), Is.EqualTo(("budget_low", "warning NPC Bridge: 80 % of a budget is spent (budget_low)")));
        }
    }
}

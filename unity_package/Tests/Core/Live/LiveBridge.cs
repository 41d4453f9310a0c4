using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using NUnit.Framework;

namespace NpcBridge.Core.Tests
{
    /// <summary>A real bridge that recites, and a session with it. Needs the bridge's command in <c>NPC_BRIDGE_COMMAND</c>.</summary>
    internal sealed class LiveBridge : IDisposable
    {
        private const double PatienceSeconds = 20;

        private readonly string _script = Path.GetTempFileName();
        private readonly string _memory = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        private readonly Stopwatch _clock = Stopwatch.StartNew();

        public LiveBridge(string script, Action<ConnectionSettings> change = null, bool remembers = false)
        {
            string command = Environment.GetEnvironmentVariable("NPC_BRIDGE_COMMAND");
            if (string.IsNullOrEmpty(command))
            {
                Assert.Ignore("set NPC_BRIDGE_COMMAND to the command npc-bridge");
            }

            File.WriteAllText(_script, script);
            Settings = new ConnectionSettings
            {
                Engine = "NUnit",
                Autostart = true,
                Command = command,
                Arguments = new[] { "--backend", "scripted", "--script", _script, "--log-level", "warning", "--storage", remembers ? _memory : "" },
                FirstRetrySeconds = 0.1,
                LongestRetrySeconds = 0.5,
            };
            change?.Invoke(Settings);
            Session = new BridgeSession(Settings);
            Session.Failed += (code, text) => Log.Add("! " + code);
            Session.TurnsLost += () => Log.Add("turns lost");
            Session.StateChanged += (state, code, reason) => Log.Add(state + " " + code);
            Session.MessageReceived += Received.Add;
        }

        public ConnectionSettings Settings { get; }

        public BridgeSession Session { get; }

        public List<string> Log { get; } = new List<string>();

        public List<BridgeMessage> Received { get; } = new List<BridgeMessage>();

        /// <summary>The text of all pieces of a turn.</summary>
        public string TextOf(string turn)
        {
            return string.Concat(All<TextPiece>().Where(each => each.Turn == turn).Select(each => each.Text));
        }

        public IEnumerable<T> All<T>()
        {
            return Received.OfType<T>();
        }

        public LiveBridge Ready()
        {
            Session.Start();
            Until(() => Session.IsReady, "the bridge is ready");
            return this;
        }

        /// <summary>Open the smith and let him finish what he begins with.</summary>
        public LiveBridge WithSmith(string player = "Ada")
        {
            Ready();
            WireMap open = GameMessages.Open("smith", "brom", new Player(player), new[] { new Clip("wave"), new Clip("nod") }, "en", "");
            Session.Open("smith", open, _ => { });
            Until(() => All<Opened>().Any(), "the smith is open");
            if (All<Opened>().Last().Opening)
            {
                Until(() => All<TurnEnded>().Any(), "the opening is over");
            }

            return this;
        }

        /// <summary>Say something and wait until the turn that answers it is over.</summary>
        public TurnEnded Answer(string line)
        {
            string id = Session.Say("smith", line);
            TurnEnded ended = null;
            Until(
                () =>
                {
                    TurnStarted started = All<TurnStarted>().FirstOrDefault(each => each.Answers.Contains(id));
                    ended = started == null ? null : All<TurnEnded>().FirstOrDefault(each => each.Turn == started.Turn);
                    return ended != null;
                },
                "the answer to '" + line + "'");
            return ended;
        }

        /// <summary>Whether a turn that answers this line is over.</summary>
        public bool Answered(string line)
        {
            return All<TurnStarted>().Any(each => each.Answers.Contains(line) && All<TurnEnded>().Any(ended => ended.Turn == each.Turn));
        }

        public void Poll()
        {
            Session.Poll(_clock.Elapsed.TotalSeconds + 1);
        }

        public void Until(Func<bool> condition, string what)
        {
            double end = _clock.Elapsed.TotalSeconds + PatienceSeconds;
            while (!condition())
            {
                Poll();
                if (_clock.Elapsed.TotalSeconds > end)
                {
                    Assert.Fail(
                        what + " did not come in " + PatienceSeconds + " s: " + Session.State + " " + Session.Reason + "; "
                        + string.Join(", ", Log) + "; " + Session.BridgeLog);
                }

                Thread.Sleep(1);
            }
        }

        /// <summary>End the bridge's process as a crash would.</summary>
        public int Kill()
        {
            int id = Session.BridgeProcessId;
            using (Process process = Process.GetProcessById(id))
            {
                process.Kill();
                process.WaitForExit(5000);
            }

            return id;
        }

        /// <summary>The same while the smith speaks; gives its process id when the loss is noticed.</summary>
        public int KillInMidTurn()
        {
            int before = All<TextPiece>().Count();
            Session.Say("smith", "at length please");
            Until(() => All<TextPiece>().Count() > before + 5, "the turn has begun");
            int killed = Kill();
            Until(() => !Session.IsReady, "the loss is noticed");
            return killed;
        }

        public void Dispose()
        {
            Session.Stop();
            File.Delete(_script);
            foreach (string file in Directory.GetFiles(Path.GetTempPath(), Path.GetFileName(_memory) + "*"))
            {
                File.Delete(file);
            }
        }
    }
}

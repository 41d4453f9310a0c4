using System;
using System.Collections.Generic;

namespace NpcBridge.Core
{
    /// <summary>How far the connection to the bridge is.</summary>
    public enum SessionState
    {
        /// <summary>Nobody asked for a connection, or it was stopped.</summary>
        Offline,

        /// <summary>The bridge is being started.</summary>
        Starting,

        /// <summary>A connection is being made.</summary>
        Connecting,

        /// <summary>Messages go both ways.</summary>
        Ready,

        /// <summary>The connection was lost or could not be made; it will be tried again.</summary>
        Waiting,

        /// <summary>The bridge does not want this game, or cannot be started; see the reason, then start again.</summary>
        Refused,
    }

    /// <summary>
    /// One game's session with the bridge: connects, says hello, sends again what was not accepted, and connects again whenever the
    /// connection is lost.
    /// </summary>
    /// <remarks>
    /// Everything happens on the thread that calls <see cref="Poll"/>, once a frame; only the transport and the bridge's process read and
    /// write in the background. An error in a game's own event subscriber reaches the caller of <see cref="Poll"/>.
    /// </remarks>
    public sealed partial class BridgeSession : IDisposable
    {
        /// <summary>Name and version of this client, as the bridge's log shows it.</summary>
        public const string Client = "npc-bridge-unity 0.1.0";

        /// <summary>How long a connection may take to be made.</summary>
        public const double ConnectTimeoutSeconds = 5;

        /// <summary>How long a turn waits for its session to be resumed before it counts as lost.</summary>
        public const double ResumeGraceSeconds = 60;

        /// <summary>How long the bridge may take to start; the first start of a model server may be slow.</summary>
        public const double StartTimeoutSeconds = 60;

        /// <summary>How long <see cref="Save"/> and the like wait for their answer while the connection is there.</summary>
        public const double AnswerTimeoutSeconds = 10;

        /// <summary>How long <see cref="Stop"/> may take at most.</summary>
        public const int StopMilliseconds = 100;

        private const int MaxStarts = 3;

        private readonly ConnectionSettings _settings;
        private readonly ICodec _codec;
        private readonly Protocol _protocol;
        private readonly Backoff _backoff;
        private readonly Dictionary<string, Action<BridgeMessage>> _receivers = new Dictionary<string, Action<BridgeMessage>>();
        private readonly Dictionary<string, string> _askedBy = new Dictionary<string, string>();
        private readonly Dictionary<string, WireMap> _groups = new Dictionary<string, WireMap>();
        private readonly Dictionary<string, Question> _questions = new Dictionary<string, Question>();
        private readonly HashSet<string> _closing = new HashSet<string>();
        private string _url;
        private string _token;
        private ITransport _transport;
        private BridgeProcess _process;
        private double _now;
        private double _changedAt;
        private double _retryAt;
        private double _lostAt;
        private long _droppedBefore;
        private bool _turnsAreAtRisk;
        private bool _saidHello;

        /// <summary>A session that is offline until <see cref="Start"/>.</summary>
        /// <param name="settings">Where the bridge is.</param>
        /// <param name="random">Gives numbers from 0 to 1; its own by default.</param>
        public BridgeSession(ConnectionSettings settings, Func<double> random = null)
        {
            _settings = settings;
            _codec = settings.Json ? (ICodec)new JsonCodec() : new MsgpackCodec();
            _protocol = new Protocol(_codec, Guid.NewGuid().ToString("N").Substring(0, 8));
            _backoff = new Backoff(settings.FirstRetrySeconds, settings.LongestRetrySeconds, random ?? new Random().NextDouble);
            _url = settings.Url;
            _token = settings.Token;
        }

        /// <summary>The connection is in another state now: the state, the close code that led there or 0, and why in words.</summary>
        public event Action<SessionState, int, string> StateChanged;

        /// <summary>Every message of the bridge as it came in, before anything is done with it; for tools.</summary>
        public event Action<BridgeMessage> MessageReceived;

        /// <summary>Every message to the bridge as it went out; for tools.</summary>
        public event Action<WireMap> MessageSent;

        /// <summary>Something went wrong; the game goes on. A stable code, and a text for people.</summary>
        public event Action<string, string> Failed;

        /// <summary>The running turns are lost: the connection broke and their session cannot be resumed.</summary>
        public event Action TurnsLost;

        /// <summary>The bridge handed over the state that <see cref="Save"/> asked for.</summary>
        public event Action<Saved> Saved;

        /// <summary>
        /// The bridge went back to the state that <see cref="Load"/> gave it. All that came before belongs to another timeline: running
        /// turns are over, and nothing of them comes any more.
        /// </summary>
        public event Action<Loaded> Loaded;

        /// <summary>Something that the developer or the player may want to know, although all goes on.</summary>
        public event Action<Notice> NoticeArrived;

        /// <summary>How far the connection is.</summary>
        public SessionState State { get; private set; }

        /// <summary>Why it is so, in words; empty while all is well.</summary>
        public string Reason { get; private set; } = "";

        /// <summary>What the bridge said of itself; <c>null</c> before the first welcome.</summary>
        public Welcome Welcome { get; private set; }

        /// <summary>Where the session connects; with autostart the bridge that was started said it.</summary>
        public string Url => _url;

        /// <summary>What lets this game in.</summary>
        internal string Token => _token;

        /// <summary>Whether messages go both ways.</summary>
        public bool IsReady => State == SessionState.Ready;

        /// <summary>How many events and lines wait to be accepted by the bridge.</summary>
        public int WaitingCount => _protocol.WaitingCount;

        /// <summary>How many messages of the bridge were dropped because the game did not take them in time.</summary>
        public long Dropped => _droppedBefore + (_transport?.Dropped ?? 0);

        /// <summary>The end of the log of the bridge that this game started.</summary>
        public string BridgeLog => _process?.LogTail ?? "";

        /// <summary>Process id of the bridge that this game started; 0 if there is none.</summary>
        public int BridgeProcessId => _process?.Id ?? 0;

        /// <summary>Connect, and go on trying until it works or <see cref="Stop"/> is called.</summary>
        public void Start()
        {
            if (State == SessionState.Offline || State == SessionState.Refused)
            {
                _backoff.Reset();
                Attempt();
            }
        }

        /// <summary>
        /// End the connection, and the bridge if this game started it, within <see cref="StopMilliseconds"/>. What was not accepted is
        /// kept for another <see cref="Start"/>.
        /// </summary>
        public void Stop()
        {
            if (_transport != null)
            {
                _transport.Close(1000, "the game ends");
                _transport.End(StopMilliseconds);
                DropTransport();
            }

            _process?.Stop();
            _process = null;
            LoseTurns();
            LoseQuestions("the connection was stopped");
            Change(SessionState.Offline, 0, "");
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            Stop();
        }

        /// <summary>Take in what came and do what is due. Call it once a frame.</summary>
        /// <param name="now">Seconds of a clock that only goes forward and does not stop while the game is paused.</param>
        public void Poll(double now)
        {
            if (_now == 0)
            {
                // Whatever was begun before the first call began now.
                _changedAt = _retryAt = now;
            }

            _now = now;
            WatchProcess();
            WatchTransport();
            if (_turnsAreAtRisk && !IsReady && now - _lostAt > ResumeGraceSeconds)
            {
                LoseTurns();
            }

            GiveUpQuestions();
            if (State == SessionState.Waiting && now >= _retryAt)
            {
                Attempt();
            }
            else if (State == SessionState.Connecting && now - _changedAt > ConnectTimeoutSeconds)
            {
                Lose(-1, "no bridge answered at " + _url + " within " + ConnectTimeoutSeconds + " s");
            }
            else if (State == SessionState.Starting && now - _changedAt > StartTimeoutSeconds)
            {
                Refuse("start_failed", 0, "the bridge did not start within " + StartTimeoutSeconds + " s");
            }
        }

        /// <summary>Open a conversation, on this connection and on every later one.</summary>
        /// <param name="npc">The game's id of the NPC.</param>
        /// <param name="open">The message that opens it.</param>
        /// <param name="receiver">Gets each message about this NPC, and each error about what was sent for it.</param>
        public void Open(string npc, WireMap open, Action<BridgeMessage> receiver)
        {
            _receivers[npc] = receiver;
            _protocol.KeepOpen(npc, open);
            SendOpen(npc, open);
        }

        /// <summary>Leave a conversation.</summary>
        public void Leave(string npc)
        {
            if (!_receivers.Remove(npc))
            {
                return;
            }

            _protocol.ForgetNpc(npc);
            if (IsReady && _closing.Add(npc))
            {
                Send(GameMessages.Close(npc));
            }
        }

        /// <summary>Whether a conversation with this NPC is open or will be.</summary>
        public bool IsTaken(string npc)
        {
            return _receivers.ContainsKey(npc);
        }

        /// <summary>Send what only matters now; it is dropped without a connection.</summary>
        public void SendNow(WireMap message)
        {
            // The conversation that is being left is not the one that this message is for.
            if (IsReady && !_closing.Contains(message.TextOf("npc")))
            {
                Send(message);
            }
        }

        private void SendOpen(string npc, WireMap open)
        {
            // The bridge closes a conversation when its turn is over; until then it is open already.
            if (IsReady && !_closing.Contains(npc))
            {
                _protocol.ExpectOpen(npc);
                Send(open);
            }
        }

        private void Fail(string code, string text, WireMap message)
        {
            Warn(code, text);
            string about = message.TextOf("id");
            BridgeError error = BridgeError.Of(code, text, about.Length > 0 ? about : message.TextOf("type"));
            Answer(about, null, error);
            HandOver(message.TextOf("npc"), error);
        }

        private void Warn(string code, string text)
        {
            Failed?.Invoke(code, text);
        }
    }
}

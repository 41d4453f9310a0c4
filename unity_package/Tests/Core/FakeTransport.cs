using System;
using System.Collections.Generic;
using System.Linq;

namespace NpcBridge.Core.Tests
{
    /// <summary>A connection whose other side is the test.</summary>
    internal sealed class FakeTransport : ITransport
    {
        private readonly Queue<byte[]> _toReceive = new Queue<byte[]>();
        private readonly ICodec _codec;

        public FakeTransport(ICodec codec)
        {
            _codec = codec;
        }

        public List<WireMap> Sent { get; } = new List<WireMap>();

        public string Goodbye { get; private set; } = "";

        public TransportState State { get; set; }

        public int CloseCode { get; set; } = -1;

        public string CloseReason { get; set; } = "";

        public long Dropped { get; set; }

        public long BytesIn => 0;

        public long BytesOut => 0;

        public string[] SentTypes => Sent.Select(each => each.TextOf("type") + Named(each)).ToArray();

        public void Say(WireMap message)
        {
            _toReceive.Enqueue(_codec.Encode(message));
        }

        public void SayBytes(params byte[] frame)
        {
            _toReceive.Enqueue(frame);
        }

        public void Break(int code = -1, string reason = "")
        {
            CloseCode = code;
            CloseReason = reason;
            State = TransportState.Closed;
        }

        public bool TryReceive(out byte[] frame)
        {
            frame = _toReceive.Count > 0 ? _toReceive.Dequeue() : null;
            return frame != null;
        }

        public bool Send(byte[] frame)
        {
            Sent.Add(_codec.Decode(frame, 1 << 24));
            return State == TransportState.Open;
        }

        public void Close(int code, string reason)
        {
            Goodbye = code + " " + reason;
        }

        public void End(int milliseconds)
        {
            State = TransportState.Closed;
        }

        public void Dispose()
        {
        }

        private static string Named(WireMap message)
        {
            string name = message.TextOf("text") + message.TextOf("name");
            return name.Length > 0 ? ":" + name : "";
        }
    }

    /// <summary>A session with fake connections and a clock that the test turns.</summary>
    internal sealed class Table
    {
        public Table(Action<ConnectionSettings> change = null)
        {
            var settings = new ConnectionSettings { Engine = "NUnit", FirstRetrySeconds = 1, LongestRetrySeconds = 4 };
            settings.Transport = (address, codec) =>
            {
                Wires.Add(new FakeTransport(codec));
                return Wire;
            };
            change?.Invoke(settings);
            Session = new BridgeSession(settings, () => 1);
            Session.StateChanged += (state, code, reason) => Log.Add(state + (code == 0 ? "" : " " + code) + (reason.Length > 0 ? ": " + reason : ""));
            Session.Failed += (code, text) => Log.Add("! " + code);
            Session.TurnsLost += () => Log.Add("turns lost");
        }

        public BridgeSession Session { get; }

        public List<FakeTransport> Wires { get; } = new List<FakeTransport>();

        public List<string> Log { get; } = new List<string>();

        public FakeTransport Wire => Wires[Wires.Count - 1];

        public double Now { get; private set; } = 1;

        public long Seq { get; set; }

        public void Pass(double seconds = 0.02)
        {
            Now += seconds;
            Session.Poll(Now);
        }

        /// <summary>Let the connection be made and welcomed.</summary>
        public void Welcome(bool resumed = false, long seq = 0)
        {
            Wire.State = TransportState.Open;
            Pass();
            Seq = seq > 0 ? seq : resumed ? Seq + 1 : 1;
            Wire.Say(new WireMap
            {
                { "type", "welcome" }, { "protocol", 1L }, { "session", "s1" }, { "resumed", resumed }, { "server", "fake" }, { "backend", "none" },
                { "model", "none" }, { "max_message_bytes", 1000L }, { "seq", Seq },
            });
            Pass();
        }

        public void Say(WireMap message)
        {
            message.Add("seq", ++Seq);
            Wire.Say(message);
        }

        public void Accept(params string[] ids)
        {
            Say(new WireMap { { "type", "accepted" }, { "ids", ids.Cast<object>().ToList() } });
            Pass();
        }
    }
}

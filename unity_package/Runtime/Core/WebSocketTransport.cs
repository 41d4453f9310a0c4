using System;
using System.Collections.Concurrent;
using System.IO;
using System.Net.WebSockets;
using System.Threading;
using System.Threading.Tasks;

namespace NpcBridge.Core
{
    /// <summary>A connection over .NET's own websocket. Reads and writes in the background; never touches the caller's thread.</summary>
    public sealed class WebSocketTransport : ITransport
    {
        /// <summary>How many frames may wait for the game.</summary>
        public const int MaxWaitingFrames = 16384;

        /// <summary>How many bytes may wait, in each direction.</summary>
        public const long MaxWaitingBytes = 16 * 1024 * 1024;

        private const int BufferBytes = 16384;
        private const int NoCode = -1;

        private readonly ClientWebSocket _socket = new ClientWebSocket();
        private readonly CancellationTokenSource _cancel = new CancellationTokenSource();
        private readonly BoundedQueue _received = new BoundedQueue(MaxWaitingFrames, MaxWaitingBytes);
        private readonly ConcurrentQueue<byte[]> _toSend = new ConcurrentQueue<byte[]>();
        private readonly SemaphoreSlim _hasWork = new SemaphoreSlim(0);
        private readonly WebSocketMessageType _kind;
        private readonly string _subprotocol;
        private readonly Task _running;

        private volatile TransportState _state = TransportState.Connecting;
        private volatile string _closeReason = "";
        private volatile int _closeCode = NoCode;
        private volatile Goodbye _goodbye;
        private long _bytesToSend;
        private long _bytesIn;
        private long _bytesOut;

        /// <summary>Begin to connect.</summary>
        /// <param name="address">Where the bridge listens, <c>ws://HOST:PORT</c>.</param>
        /// <param name="subprotocol">What to ask for; with another answer the connection is closed again. Empty: ask for none.</param>
        /// <param name="isBinary">Whether frames are binary and not text.</param>
        public WebSocketTransport(Uri address, string subprotocol, bool isBinary)
        {
            _kind = isBinary ? WebSocketMessageType.Binary : WebSocketMessageType.Text;
            _subprotocol = subprotocol ?? "";
            if (_subprotocol.Length > 0)
            {
                _socket.Options.AddSubProtocol(_subprotocol);
            }

            // Task.Run also leaves Unity's synchronisation context behind, which would carry everything back to the main thread.
            _running = Task.Run(() => RunAsync(address));
        }

        /// <inheritdoc/>
        public TransportState State => _state;

        /// <inheritdoc/>
        public int CloseCode => _closeCode;

        /// <inheritdoc/>
        public string CloseReason => _closeReason;

        /// <inheritdoc/>
        public long Dropped => _received.Dropped;

        /// <inheritdoc/>
        public long BytesIn => Interlocked.Read(ref _bytesIn);

        /// <inheritdoc/>
        public long BytesOut => Interlocked.Read(ref _bytesOut);

        /// <inheritdoc/>
        public bool TryReceive(out byte[] frame)
        {
            return _received.TryTake(out frame);
        }

        /// <inheritdoc/>
        public bool Send(byte[] frame)
        {
            if (_state != TransportState.Open || _goodbye != null || Interlocked.Read(ref _bytesToSend) + frame.Length > MaxWaitingBytes)
            {
                return false;
            }

            Interlocked.Add(ref _bytesToSend, frame.Length);
            _toSend.Enqueue(frame);
            _hasWork.Release();
            return true;
        }

        /// <inheritdoc/>
        public void Close(int code, string reason)
        {
            if (_state == TransportState.Connecting)
            {
                _cancel.Cancel();
            }
            else if (_goodbye == null)
            {
                _goodbye = new Goodbye(code, reason);
                _hasWork.Release();
            }
        }

        /// <inheritdoc/>
        public void End(int milliseconds)
        {
            if (!_running.Wait(milliseconds))
            {
                Abort();
            }
        }

        /// <summary>Break the connection off without a goodbye, as a pulled plug would.</summary>
        public void Abort()
        {
            _cancel.Cancel();
            _socket.Abort();
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            Abort();
        }

        private async Task RunAsync(Uri address)
        {
            try
            {
                await _socket.ConnectAsync(address, _cancel.Token).ConfigureAwait(false);
                if (_subprotocol.Length > 0 && _socket.SubProtocol != _subprotocol)
                {
                    throw new WebSocketException("what listens there does not speak " + _subprotocol);
                }

                _state = TransportState.Open;
                Task sending = SendAllAsync();
                await ReceiveAllAsync().ConfigureAwait(false);
                _cancel.Cancel();
                await sending.ConfigureAwait(false);
            }
            catch (Exception error)
            {
                // The boundary to the network: Mono and .NET throw a dozen kinds here, and all mean that the connection is over.
                if (_closeCode == NoCode && _closeReason.Length == 0)
                {
                    _closeReason = error is WebSocketException && _socket.State == WebSocketState.Open ? error.Message : "";
                }
            }
            finally
            {
                _socket.Dispose();
                _state = TransportState.Closed;
            }
        }

        private async Task SendAllAsync()
        {
            try
            {
                while (true)
                {
                    await _hasWork.WaitAsync(_cancel.Token).ConfigureAwait(false);
                    // One frame at a time: a second send before the first is done is an error of ClientWebSocket.
                    if (_toSend.TryDequeue(out byte[] frame))
                    {
                        await _socket.SendAsync(new ArraySegment<byte>(frame), _kind, true, _cancel.Token).ConfigureAwait(false);
                        Interlocked.Add(ref _bytesToSend, -frame.Length);
                        Interlocked.Add(ref _bytesOut, frame.Length);
                    }
                    else if (_goodbye != null)
                    {
                        var status = (WebSocketCloseStatus)_goodbye.Code;
                        await _socket.CloseOutputAsync(status, _goodbye.Reason, _cancel.Token).ConfigureAwait(false);
                        return;
                    }
                }
            }
            catch (Exception error) when (!(error is OutOfMemoryException))
            {
                // The receiving side learns the same and says so; here it only has to stop.
                _socket.Abort();
            }
        }

        private async Task ReceiveAllAsync()
        {
            var buffer = new byte[BufferBytes];
            using (var message = new MemoryStream())
            {
                while (true)
                {
                    var result = await _socket.ReceiveAsync(new ArraySegment<byte>(buffer), _cancel.Token).ConfigureAwait(false);
                    if (result.MessageType == WebSocketMessageType.Close)
                    {
                        await AnswerCloseAsync(result).ConfigureAwait(false);
                        return;
                    }

                    if (message.Length + result.Count > WireLimits.MaxAnswerBytes)
                    {
                        _closeReason = "a message of the bridge has more than " + WireLimits.MaxAnswerBytes + " bytes";
                        return;
                    }

                    message.Write(buffer, 0, result.Count);
                    Interlocked.Add(ref _bytesIn, result.Count);
                    if (result.EndOfMessage)
                    {
                        _received.TryAdd(message.ToArray());
                        message.SetLength(0);
                    }
                }
            }
        }

        private async Task AnswerCloseAsync(WebSocketReceiveResult close)
        {
            _closeReason = close.CloseStatusDescription ?? "";
            _closeCode = close.CloseStatus.HasValue ? (int)close.CloseStatus.Value : NoCode;
            if (_goodbye == null)
            {
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", _cancel.Token).ConfigureAwait(false);
            }
        }

        private sealed class Goodbye
        {
            public Goodbye(int code, string reason)
            {
                Code = code;
                Reason = reason;
            }

            public int Code { get; }

            public string Reason { get; }
        }
    }
}

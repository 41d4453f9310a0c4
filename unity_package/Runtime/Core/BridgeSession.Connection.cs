using System;

namespace NpcBridge.Core
{
    /// <content>How a connection is made, watched and given up.</content>
    public sealed partial class BridgeSession
    {
        private void Attempt()
        {
            DropTransport();
            if (_settings.Autostart && (_process == null || !_process.IsRunning))
            {
                Change(SessionState.Starting, 0, "");
                _process = new BridgeProcess(_settings.Command, _settings.Arguments);
                return;
            }

            if (!Uri.TryCreate(_url, UriKind.Absolute, out Uri address) || (address.Scheme != "ws" && address.Scheme != "wss"))
            {
                Refuse("bad_url", 0, "'" + _url + "' is not the address of a bridge; write ws://HOST:PORT");
                return;
            }

            Change(SessionState.Connecting, 0, "");
            _saidHello = false;
            _transport = _settings.Transport(address, _codec);
        }

        private void WatchProcess()
        {
            if (_process == null || State != SessionState.Starting)
            {
                return;
            }

            ReadyLine ready = _process.Ready;
            if (ready != null)
            {
                _url = ready.Url;
                _token = ready.Token;
                Attempt();
            }
            else if (!_process.IsRunning)
            {
                string problem = _process.Problem;
                if (_process.CanRetry && _backoff.Attempts < MaxStarts)
                {
                    WaitFor(0, problem);
                }
                else
                {
                    Refuse("start_failed", 0, problem);
                }
            }
        }

        private void WatchTransport()
        {
            ITransport transport = _transport;
            if (transport == null)
            {
                return;
            }

            // First the state, then the frames: those that come just before a close count.
            TransportState state = transport.State;
            if (state == TransportState.Open && !_saidHello)
            {
                _saidHello = true;
                Send(_protocol.Hello(Client, _settings.Engine, _token));
            }

            while (ReferenceEquals(_transport, transport) && transport.TryReceive(out byte[] frame))
            {
                Read(frame);
            }

            if (ReferenceEquals(_transport, transport) && state == TransportState.Closed)
            {
                Lose(transport.CloseCode, transport.CloseReason);
            }
        }

        private void Lose(int code, string why)
        {
            DropTransport();
            if (WireLimits.IsFinal(code))
            {
                Refuse("refused", code, why);
                return;
            }

            if (why.Length == 0)
            {
                why = IsReady ? "the connection to the bridge broke" : "no bridge answers at " + _url + "; is 'npc-bridge serve' running?";
            }

            WaitFor(code, why);
        }

        private void WaitFor(int code, string why)
        {
            bool isNews = _backoff.Attempts == 0;
            if (IsReady)
            {
                _lostAt = _now;
            }

            _retryAt = _now + _backoff.Next();
            Change(SessionState.Waiting, code, why);
            if (isNews)
            {
                Warn("connection_lost", why + " (trying again)");
            }
        }

        private void Refuse(string code, int closeCode, string why)
        {
            DropTransport();
            _process?.Stop();
            _process = null;
            LoseTurns();
            LoseQuestions(why);
            Change(SessionState.Refused, closeCode, why);
            Warn(code, why);
        }

        private void DropTransport()
        {
            if (_transport != null)
            {
                _droppedBefore += _transport.Dropped;
                _transport.Dispose();
                _transport = null;
            }
        }

        private void Change(SessionState next, int code, string why)
        {
            _changedAt = _now;
            if (next == State && why == Reason)
            {
                return;
            }

            State = next;
            Reason = why;
            StateChanged?.Invoke(next, code, why);
        }

        private void LoseTurns()
        {
            if (_turnsAreAtRisk)
            {
                _turnsAreAtRisk = false;
                TurnsLost?.Invoke();
            }
        }
    }
}

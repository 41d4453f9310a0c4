using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Text;
using System.Threading.Tasks;

namespace NpcBridge.Core
{
    /// <summary>
    /// The bridge as a child process of the game. It picks a free port and a token and says both in one JSON line on its standard output.
    /// It ends when its standard input is closed, which also happens when the game crashes.
    /// </summary>
    /// <remarks>
    /// Its output is read in the background; the members are for the game's thread and never wait. Builds made with IL2CPP cannot start
    /// processes; there the constructor leaves <see cref="Problem"/> saying so.
    /// </remarks>
    public sealed class BridgeProcess
    {
        private const int KeptLogChars = 4000;
        private const int KillAfterMilliseconds = 2000;
        private const int MisusedExitCode = 2;

        private readonly object _gate = new object();
        private readonly StringBuilder _log = new StringBuilder();
        private readonly string _command;
        private Process _process;
        private ReadyLine _ready;
        private string _problem = "";

        /// <summary>Start <c>COMMAND serve --port 0 --json --exit-with-parent</c> and more arguments.</summary>
        public BridgeProcess(string command, IEnumerable<string> arguments)
        {
            _command = command;
            var words = new List<string> { "serve", "--port", "0", "--json", "--exit-with-parent" };
            words.AddRange(arguments);
            try
            {
                Begin(string.Join(" ", words.ConvertAll(Quoted)));
            }
            catch (Exception error) when (!(error is OutOfMemoryException))
            {
                // Every runtime has its own kinds for a command that is not there, or processes that cannot be.
                _process = null;
                _problem = error is PlatformNotSupportedException || error is NotSupportedException || error is NotImplementedException
                    ? "this platform cannot start processes; run 'npc-bridge serve' beside the game"
                    : "the command '" + command + "' could not be started (" + error.Message + "). Install the bridge with: "
                        + "pip install npc-bridge, or set its full path in the settings, or run 'npc-bridge serve' yourself";
            }
        }

        /// <summary>What the bridge said when it was ready; <c>null</c> before.</summary>
        public ReadyLine Ready
        {
            get
            {
                lock (_gate)
                {
                    return _ready;
                }
            }
        }

        /// <summary>Whether it runs, ready or not.</summary>
        public bool IsRunning => _process != null && !_process.HasExited;

        /// <summary>Its process id; 0 when there is none.</summary>
        public int Id => IsRunning ? _process.Id : 0;

        /// <summary>Whether another attempt can succeed: not when there is no such command, or it did not understand its arguments.</summary>
        public bool CanRetry => _process != null && !(_process.HasExited && _process.ExitCode == MisusedExitCode);

        /// <summary>The end of its log.</summary>
        public string LogTail
        {
            get
            {
                lock (_gate)
                {
                    return _log.ToString();
                }
            }
        }

        /// <summary>Why there is no process, or why it ended; empty while all is well.</summary>
        public string Problem
        {
            get
            {
                if (_problem.Length > 0 || _process == null || !_process.HasExited)
                {
                    return _problem;
                }

                string said = LogTail.Trim();
                return "the bridge ended with exit code " + _process.ExitCode + (said.Length > 0 ? ": " + said : "");
            }
        }

        /// <summary>End it. It has closed its connections within a second; nothing here waits for that.</summary>
        public void Stop()
        {
            Process process = _process;
            _process = null;
            if (process != null)
            {
                Task.Run(() => End(process));
                CloseInput(process);
            }
        }

        private static void End(Process process)
        {
            try
            {
                if (!process.WaitForExit(KillAfterMilliseconds))
                {
                    process.Kill();
                }
            }
            catch (InvalidOperationException)
            {
                // It ended by itself at that very moment.
            }
            finally
            {
                process.Dispose();
            }
        }

        private static void CloseInput(Process process)
        {
            try
            {
                process.StandardInput.Close();
            }
            catch (Exception error) when (error is System.IO.IOException || error is InvalidOperationException)
            {
                // It ended first.
            }
        }

        private static string Quoted(string word)
        {
            if (word.Length > 0 && word.IndexOfAny(new[] { ' ', '\t', '"', '\\' }) < 0)
            {
                return word;
            }

            // The rule of Windows, which Mono and .NET follow everywhere: backslashes count only before a quote.
            var quoted = new StringBuilder("\"");
            int slashes = 0;
            foreach (char letter in word)
            {
                if (letter == '\\')
                {
                    slashes++;
                    continue;
                }

                quoted.Append('\\', letter == '"' ? (slashes * 2) + 1 : slashes).Append(letter);
                slashes = 0;
            }

            return quoted.Append('\\', slashes * 2).Append('"').ToString();
        }

        private void Begin(string arguments)
        {
            _process = new Process
            {
                StartInfo = new ProcessStartInfo(_command, arguments)
                {
                    UseShellExecute = false,
                    CreateNoWindow = true,
                    RedirectStandardInput = true,
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                    StandardOutputEncoding = WireLimits.LenientUtf8,
                    StandardErrorEncoding = WireLimits.LenientUtf8,
                },
            };
            _process.StartInfo.EnvironmentVariables["PYTHONIOENCODING"] = "utf-8";
            _process.OutputDataReceived += (sender, line) => TakeLine(line.Data);
            _process.ErrorDataReceived += (sender, line) => TakeLog(line.Data);
            _process.Start();
            _process.BeginOutputReadLine();
            _process.BeginErrorReadLine();
        }

        private void TakeLine(string line)
        {
            ReadyLine ready = line == null ? null : ReadyLine.Of(line);
            lock (_gate)
            {
                _ready = _ready ?? ready;
            }
        }

        private void TakeLog(string line)
        {
            if (line == null)
            {
                return;
            }

            lock (_gate)
            {
                _log.Append(line).Append('\n');
                if (_log.Length > KeptLogChars)
                {
                    _log.Remove(0, _log.Length - KeptLogChars);
                }
            }
        }
    }

    /// <summary>What a bridge says to its parent when it is ready.</summary>
    public sealed class ReadyLine
    {
        private ReadyLine(WireMap map)
        {
            Url = map.TextOf("url");
            Token = map.TextOf("token");
            Version = map.TextOf("version");
        }

        /// <summary>Where it listens.</summary>
        public string Url { get; }

        /// <summary>What lets its parent in.</summary>
        public string Token { get; }

        /// <summary>The bridge's version.</summary>
        public string Version { get; }

        /// <summary>Read such a line; <c>null</c> if it is another one.</summary>
        public static ReadyLine Of(string line)
        {
            try
            {
                WireMap map = new JsonCodec().Decode(WireLimits.LenientUtf8.GetBytes(line), KeptBytes);
                return map.TextOf("type") == "ready" && map.TextOf("url").Length > 0 ? new ReadyLine(map) : null;
            }
            catch (WireException)
            {
                return null;
            }
        }

        private const int KeptBytes = 65536;
    }
}

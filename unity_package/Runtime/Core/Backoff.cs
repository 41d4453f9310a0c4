using System;

namespace NpcBridge.Core
{
    /// <summary>
    /// How long to wait before the next attempt: twice as long each time, up to a limit, and a random part so that many games do not
    /// come back in the same moment.
    /// </summary>
    public sealed class Backoff
    {
        private readonly double _firstSeconds;
        private readonly double _mostSeconds;
        private readonly Func<double> _random;

        /// <summary>Begin with <paramref name="firstSeconds"/> and never wait more than <paramref name="mostSeconds"/>.</summary>
        /// <param name="firstSeconds">The first step.</param>
        /// <param name="mostSeconds">The limit.</param>
        /// <param name="random">Gives numbers from 0 to 1.</param>
        public Backoff(double firstSeconds, double mostSeconds, Func<double> random)
        {
            _firstSeconds = firstSeconds;
            _mostSeconds = mostSeconds;
            _random = random;
        }

        /// <summary>Attempts since the last success.</summary>
        public int Attempts { get; private set; }

        /// <summary>Seconds to wait now: between half of the step and all of it.</summary>
        public double Next()
        {
            double step = Math.Min(_firstSeconds * Math.Pow(2, Math.Min(Attempts, 30)), _mostSeconds);
            Attempts++;
            return step * (0.5 + (0.5 * _random()));
        }

        /// <summary>It worked: begin small the next time.</summary>
        public void Reset()
        {
            Attempts = 0;
        }
    }
}

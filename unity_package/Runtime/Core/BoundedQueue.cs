using System.Collections.Generic;

namespace NpcBridge.Core
{
    /// <summary>A queue between two threads that holds no more than it may. What does not fit is dropped and counted.</summary>
    public sealed class BoundedQueue
    {
        private readonly Queue<byte[]> _frames = new Queue<byte[]>();
        private readonly object _gate = new object();
        private readonly int _maxFrames;
        private readonly long _maxBytes;
        private long _bytes;
        private long _dropped;

        /// <summary>A queue with these limits.</summary>
        public BoundedQueue(int maxFrames, long maxBytes)
        {
            _maxFrames = maxFrames;
            _maxBytes = maxBytes;
        }

        /// <summary>How many frames were dropped because the queue was full.</summary>
        public long Dropped
        {
            get
            {
                lock (_gate)
                {
                    return _dropped;
                }
            }
        }

        /// <summary>How many frames wait.</summary>
        public int Count
        {
            get
            {
                lock (_gate)
                {
                    return _frames.Count;
                }
            }
        }

        /// <summary>Add a frame. False, and counted, if there is no room; a single frame of any size fits into an empty queue.</summary>
        public bool TryAdd(byte[] frame)
        {
            lock (_gate)
            {
                if (_frames.Count >= _maxFrames || (_frames.Count > 0 && _bytes + frame.Length > _maxBytes))
                {
                    _dropped++;
                    return false;
                }

                _frames.Enqueue(frame);
                _bytes += frame.Length;
                return true;
            }
        }

        /// <summary>Take the oldest frame. False if there is none.</summary>
        public bool TryTake(out byte[] frame)
        {
            lock (_gate)
            {
                if (_frames.Count == 0)
                {
                    frame = null;
                    return false;
                }

                frame = _frames.Dequeue();
                _bytes -= frame.Length;
                return true;
            }
        }
    }
}

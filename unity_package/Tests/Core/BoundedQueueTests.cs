using System.Threading.Tasks;
using NUnit.Framework;

namespace NpcBridge.Core.Tests
{
    public sealed class BoundedQueueTests
    {
        [Test]
        public void WhatDoesNotFitIsDroppedAndCounted()
        {
            var queue = new BoundedQueue(2, 100);
            Assert.That(new[] { queue.TryAdd(new byte[1]), queue.TryAdd(new byte[2]), queue.TryAdd(new byte[3]) }, Is.EqualTo(new[] { true, true, false }));
            Assert.That((queue.Count, queue.Dropped), Is.EqualTo((2, 1L)));
        }

        [Test]
        public void BytesAreLimitedToo()
        {
            var queue = new BoundedQueue(100, 10);
            Assert.That(new[] { queue.TryAdd(new byte[6]), queue.TryAdd(new byte[5]), queue.TryAdd(new byte[4]) }, Is.EqualTo(new[] { true, false, true }));
        }

        [Test]
        public void OneLargeFrameFitsIntoAnEmptyQueue()
        {
            Assert.That(new BoundedQueue(1, 10).TryAdd(new byte[1000]), Is.True);
        }

        [Test]
        public void FramesComeOutInOrderAndMakeRoom()
        {
            var queue = new BoundedQueue(2, 3);
            queue.TryAdd(new byte[] { 1 });
            queue.TryAdd(new byte[] { 2 });
            queue.TryTake(out byte[] first);
            Assert.That((first[0], queue.TryAdd(new byte[] { 3 }), queue.Dropped), Is.EqualTo((1, true, 0L)));
        }

        [Test]
        public void TwoThreadsLoseNothing()
        {
            var queue = new BoundedQueue(int.MaxValue, long.MaxValue);
            Task writing = Task.Run(() =>
            {
                for (int i = 0; i < 100_000; i++)
                {
                    queue.TryAdd(new[] { (byte)i });
                }
            });
            int taken = 0;
            while (taken < 100_000)
            {
                if (queue.TryTake(out byte[] frame))
                {
                    Assert.That(frame[0], Is.EqualTo((byte)taken));
                    taken++;
                }
                else if (writing.IsFaulted)
                {
                    Assert.Fail(writing.Exception.Message);
                }
            }
        }
    }
}

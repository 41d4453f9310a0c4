using NUnit.Framework;

namespace NpcBridge.Core.Tests
{
    public sealed class BackoffTests
    {
        [Test]
        public void EachWaitIsTwiceTheOneBeforeUpToTheLimit()
        {
            var backoff = new Backoff(0.5, 3, () => 1);
            Assert.That(new[] { backoff.Next(), backoff.Next(), backoff.Next(), backoff.Next() }, Is.EqualTo(new[] { 0.5, 1, 2, 3 }));
        }

        [Test]
        public void HalfOfAWaitIsRandom()
        {
            Assert.That(new Backoff(1, 10, () => 0).Next(), Is.EqualTo(0.5));
            Assert.That(new Backoff(1, 10, () => 0.5).Next(), Is.EqualTo(0.75));
        }

        [Test]
        public void ASuccessBeginsAnew()
        {
            var backoff = new Backoff(1, 10, () => 1);
            backoff.Next();
            backoff.Next();
            backoff.Reset();
            Assert.That((backoff.Attempts, backoff.Next()), Is.EqualTo((0, 1.0)));
        }

        [Test]
        public void AThousandAttemptsStayBelowTheLimit()
        {
            var backoff = new Backoff(0.5, 10, () => 1);
            for (int i = 0; i < 1000; i++)
            {
                Assert.That(backoff.Next(), Is.LessThanOrEqualTo(10));
            }
        }
    }
}

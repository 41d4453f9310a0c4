using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Reflection;
using System.Text;
using NUnit.Framework.Api;
using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

/// <summary>Runs the NUnit tests of an assembly and writes one line a test: outcome, milliseconds, name and message, parted by tabs.</summary>
public static class Program
{
    public static int Main(string[] arguments)
    {
        var runner = new NUnitTestAssemblyRunner(new DefaultTestAssemblyBuilder());
        runner.Load(Assembly.LoadFrom(arguments[0]), new Dictionary<string, object> { { "NumberOfTestWorkers", 0 } });
        using (var report = new StreamWriter(arguments[1], false, new UTF8Encoding(false)))
        {
            runner.Run(new Reporter(report), TestFilter.Empty);
            report.WriteLine("end");
        }

        // A background thread that a test left behind must not keep the process.
        Environment.Exit(0);
        return 0;
    }

    private sealed class Reporter : ITestListener
    {
        private readonly StreamWriter _report;

        public Reporter(StreamWriter report)
        {
            _report = report;
        }

        public void TestStarted(ITest test)
        {
        }

        public void TestFinished(ITestResult result)
        {
            if (result.Test.IsSuite)
            {
                if (result.ResultState.Site == FailureSite.SetUp || result.ResultState.Site == FailureSite.TearDown)
                {
                    Write("Suite", result);
                }

                return;
            }

            Write(result.ResultState.Status.ToString(), result);
        }

        public void TestOutput(TestOutput output)
        {
        }

        public void SendMessage(TestMessage message)
        {
        }

        private void Write(string outcome, ITestResult result)
        {
            string method = result.Test.ClassName + "." + (result.Test.MethodName ?? "");
            string said = ((result.Message ?? "") + "\n" + (result.StackTrace ?? "") + "\n" + (result.Output ?? "")).Trim();
            string milliseconds = (result.Duration * 1000).ToString("F0", CultureInfo.InvariantCulture);
            string line = string.Join("\t", outcome, milliseconds, method, result.Test.Name, said);
            _report.WriteLine(line.Replace("\r", "").Replace("\\", "\\\\").Replace("\n", "\\n"));
            _report.Flush();
        }
    }
}

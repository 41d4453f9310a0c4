using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("NpcBridge.Unity")]
[assembly: InternalsVisibleTo("NpcBridge.Core.Tests")]

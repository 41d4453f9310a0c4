using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("NpcBridge.Editor")]
[assembly: InternalsVisibleTo("NpcBridge.Layer.Tests")]

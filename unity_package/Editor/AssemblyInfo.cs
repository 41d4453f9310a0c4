using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("NpcBridge.Layer.Tests")]

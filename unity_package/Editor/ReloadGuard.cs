using UnityEditor;

namespace NpcBridge.Editor
{
    /// <summary>Ends the connection, its threads and a started bridge before Unity throws the assemblies away.</summary>
    [InitializeOnLoad]
    internal static class ReloadGuard
    {
        static ReloadGuard()
        {
            AssemblyReloadEvents.beforeAssemblyReload += NpcBridgeConnection.ResetStatics;
            EditorApplication.quitting += NpcBridgeConnection.ResetStatics;
        }
    }
}

using System.Collections.Generic;
using System.IO;
using UnityEditor;
using UnityEngine;

namespace NpcBridge.Editor
{
    /// <summary>The page NPC Bridge of the project settings.</summary>
    internal static class NpcBridgeSettingsPage
    {
        private const string Folder = "Assets/Resources";
        private const string Path = Folder + "/" + NpcBridgeSettings.ResourceName + ".asset";

        [SettingsProvider]
        private static SettingsProvider Make()
        {
            return new SettingsProvider("Project/NPC Bridge", SettingsScope.Project)
            {
                label = "NPC Bridge",
                guiHandler = Draw,
                keywords = new HashSet<string> { "npc", "bridge", "dialogue", "token", "url" },
            };
        }

        private static void Draw(string search)
        {
            var settings = AssetDatabase.LoadAssetAtPath<NpcBridgeSettings>(Path);
            if (settings == null)
            {
                EditorGUILayout.HelpBox("This project has no settings of its own: the defaults count, ws://127.0.0.1:8765.", MessageType.Info);
                if (GUILayout.Button("Create " + Path))
                {
                    Create();
                }

                return;
            }

            var serialized = new SerializedObject(settings);
            SerializedProperty property = serialized.GetIterator();
            for (bool isFirst = true; property.NextVisible(isFirst); isFirst = false)
            {
                if (property.name != "m_Script")
                {
                    EditorGUILayout.PropertyField(property, true);
                }
            }

            serialized.ApplyModifiedProperties();
            if (settings.Token.Length > 0)
            {
                EditorGUILayout.HelpBox("The token becomes part of every build. Better set NPC_BRIDGE_TOKEN in the environment.", MessageType.Warning);
            }
        }

        private static void Create()
        {
            Directory.CreateDirectory(Folder);
            AssetDatabase.CreateAsset(ScriptableObject.CreateInstance<NpcBridgeSettings>(), Path);
            AssetDatabase.SaveAssets();
        }
    }
}

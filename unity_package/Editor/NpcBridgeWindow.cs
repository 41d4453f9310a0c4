using System.Collections.Generic;
using System.Linq;
using UnityEditor;
using UnityEngine;

namespace NpcBridge.Editor
{
    /// <summary>A window that shows the connection while the game plays: its state, messages, turns, unmapped actions, and a test chat.</summary>
    internal sealed class NpcBridgeWindow : EditorWindow
    {
        private static readonly string[] Tabs = { "Messages", "Turns", "Unmapped actions" };

        private Watch _watch;
        private Vector2 _place;
        private int _tab;
        private string _npc = "";
        private string _line = "";

        [MenuItem("Window/NPC Bridge")]
        private static void Open()
        {
            GetWindow<NpcBridgeWindow>("NPC Bridge");
        }

        private void OnDisable()
        {
            _watch?.Dispose();
            _watch = null;
        }

        private void OnInspectorUpdate()
        {
            Repaint();
        }

        private void OnGUI()
        {
            if (!Application.isPlaying || !NpcBridgeConnection.Exists)
            {
                _watch?.Dispose();
                _watch = null;
                EditorGUILayout.HelpBox("Press Play in a scene with an NpcCharacter.", MessageType.Info);
                return;
            }

            NpcBridgeConnection bridge = NpcBridgeConnection.Instance;
            if (_watch == null || !_watch.IsOf(bridge))
            {
                _watch?.Dispose();
                _watch = new Watch(bridge);
            }

            DrawState(bridge);
            DrawChat();
            _tab = GUILayout.Toolbar(_tab, Tabs);
            _place = EditorGUILayout.BeginScrollView(_place);
            foreach (string line in Lines())
            {
                EditorGUILayout.SelectableLabel(line, GUILayout.Height(EditorGUIUtility.singleLineHeight * (1 + line.Count(each => each == '\n'))));
            }

            EditorGUILayout.EndScrollView();
        }

        private static void DrawState(NpcBridgeConnection bridge)
        {
            EditorGUILayout.LabelField("State", bridge.StateName + (bridge.Reason.Length > 0 ? ": " + bridge.Reason : ""));
            if (bridge.Welcome != null)
            {
                EditorGUILayout.LabelField("Bridge", bridge.Welcome.Server + ", " + bridge.Welcome.Model + " (" + bridge.Welcome.Backend + ")");
            }

            EditorGUILayout.LabelField("Waiting to be accepted", bridge.WaitingCount.ToString());
            EditorGUILayout.LabelField("Dropped messages", bridge.Dropped.ToString());
            EditorGUILayout.BeginHorizontal();
            if (GUILayout.Button("Connect"))
            {
                bridge.Connect();
            }

            if (GUILayout.Button("Stop"))
            {
                bridge.Stop();
            }

            EditorGUILayout.EndHorizontal();
        }

        private void DrawChat()
        {
            EditorGUILayout.BeginHorizontal();
            _npc = EditorGUILayout.TextField(_npc, GUILayout.Width(120));
            _line = EditorGUILayout.TextField(_line);
            if (GUILayout.Button("Say", GUILayout.Width(60)))
            {
                GameObject found = GameObject.Find(_npc);
                NpcCharacter character = found != null ? found.GetComponent<NpcCharacter>() : null;
                if (character != null)
                {
                    character.Say(_line);
                    _line = "";
                }
            }

            EditorGUILayout.EndHorizontal();
            if (_npc.Length == 0)
            {
                EditorGUILayout.HelpBox("Write the name of an NPC's object on the left and a line on the right.", MessageType.None);
            }
        }

        private IEnumerable<string> Lines()
        {
            switch (_tab)
            {
                case 0: return _watch.Messages;
                case 1: return _watch.Turns;
                default: return _watch.Unmapped.OrderByDescending(each => each.Value).Select(each => each.Value + " × " + each.Key);
            }
        }
    }
}
